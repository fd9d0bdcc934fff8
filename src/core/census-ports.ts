// What the census asks of the world: to be told of reads, and the rows that questions about readers and access need.

import type { Sighting, SightingOfVersion } from './census.ts';
import type { ProjectRef } from './name.ts';
import type { SecretPlace } from './ports.ts';
import type { Secret } from './secret.ts';

/** What is kept of a read of a payload: nothing of the payload. */
export type Seen = Omit<Sighting, 'firstSeenAt' | 'lastSeenAt' | 'reads'>;

/** Is told of every read of a payload, on the hot path. */
export interface Census {
  seen(read: Seen, now: number): void;
}

/** Rows about readers, and about whom the policies of secrets name. */
export type CensusNeed =
  /** Who read a secret, the newest read first. */
  | ({ readonly need: 'census'; readonly limit: number } & SecretPlace)
  /** Who read what in a project, the newest read first; deleted secrets are not among it. */
  | { readonly need: 'censusOfProject'; readonly project: ProjectRef; readonly limit: number }
  | {
      readonly need: 'censusOfPrincipal';
      readonly project: ProjectRef;
      readonly principal: string;
      readonly limit: number;
    }
  /** The secrets of a project, of any location, whose own policies name one of these members. */
  | {
      readonly need: 'secretsNaming';
      readonly project: ProjectRef;
      readonly members: readonly string[];
      readonly after: string;
      readonly limit: number;
    };

export interface SightingOfSecret {
  readonly sighting: Sighting;
  readonly secret: Secret;
}

export interface CensusRowByNeed {
  readonly census: readonly SightingOfVersion[];
  readonly censusOfProject: readonly SightingOfSecret[];
  readonly censusOfPrincipal: readonly SightingOfSecret[];
  /** By uid, which is the cursor, ascending. */
  readonly secretsNaming: readonly Secret[];
}
