// What of rotations the store is asked for, how it answers, and what can be changed in it: part of the ports of the core.

import type { SecretOfProject, SecretPlace } from '../ports.ts';
import type { Uid } from '../secret.ts';
import type { Rotation } from './machine.ts';

export type RotationNeed =
  /** Of the secret that is found so. */
  | ({ readonly need: 'rotation' } & SecretPlace)
  /** Those that are due at or before this time, the longest due first. */
  | { readonly need: 'dueRotations'; readonly until: number; readonly limit: number };

export interface RotationOfSecret extends SecretOfProject {
  readonly rotation: Rotation;
}

export interface RotationRowByNeed {
  readonly rotation: Rotation | undefined;
  readonly dueRotations: readonly RotationOfSecret[];
}

export type RotationChange =
  | { readonly change: 'rotation.insert' | 'rotation.update'; readonly rotation: Rotation }
  | { readonly change: 'rotation.delete'; readonly secretUid: Uid };
