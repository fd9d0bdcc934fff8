// The rows that AWS's API asks for and no other dialect does.

import type { Location, ProjectRef } from '../name.ts';
import type { SecretInList } from '../ports.ts';

/** Secrets that a region sees, by age. */
export interface AwsNeed {
  readonly need: 'secretsSeen';
  readonly project: ProjectRef;
  readonly region: Location;
  readonly withDeleted: boolean;
  readonly order: 'oldest' | 'newest';
  /** Those after this one in that order; 0: from the first. */
  readonly after: number;
  readonly limit: number;
}

export interface AwsRowByNeed {
  readonly secretsSeen: readonly SecretInList[];
}
