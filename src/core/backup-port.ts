// A backup as the rest of the program sees it: begun, then handed out in parts of bounded size, then let go of. What is
// handed out is sealed already; its form stands in docs/backup.md.

import type { Maybe } from './ports.ts';

export interface BackupBegun {
  readonly id: string;
}

/** `sizeBytes` is absent while the backup is still being made, and then there are no bytes yet. */
export interface BackupPart {
  readonly sizeBytes?: number;
  readonly bytes?: Uint8Array;
}

export interface BackupSource {
  /** Has a backup made of the store as it is now. Throws BACKUP_RUNNING while another one is made or fetched. */
  begin(): Maybe<BackupBegun>;
  /** What lies behind `atBytes`, at most 1 MiB. Throws BACKUP_NOT_FOUND, or BACKUP_FAILED where it could not be made. */
  read(id: string, atBytes: number): Maybe<BackupPart>;
  /** Removes it; nothing where it is gone already. */
  end(id: string): Maybe<void>;
}
