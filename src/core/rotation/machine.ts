// A rotation as a state machine: what a rotator has done of one secret so far, and what is next. The row is durable before
// anything outside changes; every step may come twice, so after a crash, or a lost lease, the one that was under way is
// asked for again. A transition names the epoch that it was decided under, and every transition raises it: whoever lost its
// lease changes nothing any more.

import type { Uid } from '../secret.ts';

/** What a rotator does, in this order. */
export type Verb = 'create' | 'set' | 'test' | 'finish';

/**
 * `planned`: waits for its time. `started`: the version is reserved. `stored`, `applied`, `verified`: what the rotator has
 * done. `checking`: only a test is asked for, of the value that is current. `failed`: given up until its next time, or
 * until somebody asks; its version is kept.
 */
export type RotationState = 'planned' | 'started' | 'stored' | 'applied' | 'verified' | 'checking' | 'failed';

export interface Rotation {
  /** There is one of a secret at the most. */
  readonly secretUid: Uid;
  /** Who does it. */
  readonly rotator: 'lambda';
  readonly state: RotationState;
  /** When the server is to see to it, in milliseconds since 1970; absent: only when somebody asks. */
  readonly dueAt?: number;
  /** Grows with every transition. */
  readonly epoch: number;
  readonly details: RotationDetails;
}

export interface RotationDetails {
  /** Somebody is at it, and has until `dueAt` to say so again. */
  readonly claimed?: true;
  /** What names the version that is being made; absent: none is. */
  readonly version?: string;
  /** Its number, where it is there for a test alone. */
  readonly number?: number;
  /** How often it failed since it was started. */
  readonly attempts: number;
  /** No attempt begins at or after this: the end of the window. */
  readonly until?: number;
  /** Why the last attempt failed; nothing secret. */
  readonly problem?: string;
}

/** How long whoever is at a rotation has without a sign of life. */
export const LEASE_MS = 60_000;
export const ATTEMPTS_MAX = 5;
const RETRY_MS = 10_000;

const STEPS: Readonly<Partial<Record<RotationState, { readonly verb: Verb; readonly next: RotationState }>>> = {
  started: { verb: 'create', next: 'stored' },
  stored: { verb: 'set', next: 'applied' },
  applied: { verb: 'test', next: 'verified' },
  verified: { verb: 'finish', next: 'planned' },
  checking: { verb: 'test', next: 'planned' },
};

/** What the rotator is asked for next; undefined: nothing, before it is started. */
export function verbOf({ state }: Pick<Rotation, 'state'>): Verb | undefined {
  return STEPS[state]?.verb;
}

/** Whether the step that is next is the last. */
export function isLastStep({ state }: Pick<Rotation, 'state'>): boolean {
  return STEPS[state]?.next === 'planned';
}

/** Whether a version is under way. */
export function isUnderWay({ state }: Pick<Rotation, 'state'>): boolean {
  return STEPS[state] !== undefined;
}

/** Whether it is due, or somebody who is no longer there was at it. */
export function isClaimable({ dueAt, details }: Rotation, now: number, orphans: boolean): boolean {
  if (dueAt === undefined) return false;
  return dueAt <= now || (orphans && details.claimed === true);
}

/** Milliseconds since 1970: when it may begin, from `opensAt` until before `closesAt`. */
export interface Window {
  readonly opensAt: number;
  readonly closesAt: number;
}

/** The first of a secret, which waits for its time. */
export function newRotation(secretUid: Uid, rotator: Rotation['rotator'], window?: Window): Rotation {
  return planned({ secretUid, rotator, state: 'planned', epoch: 0, details: { attempts: 0 } }, window);
}

/** It waits for its time; absent: for somebody to ask. */
export function planned(before: Rotation, window: Window | undefined): Rotation {
  return { ...base(before), state: 'planned', ...dueIn(window), details: { attempts: 0, ...endOf(window) } };
}

function dueIn(window: Window | undefined): Pick<Rotation, 'dueAt'> {
  return window === undefined ? {} : { dueAt: window.opensAt };
}

function endOf(window: Window | undefined): Pick<RotationDetails, 'until'> {
  return window === undefined ? {} : { until: window.closesAt };
}

/** A version is under way from now on. */
export function started(before: Rotation, details: Pick<RotationDetails, 'version' | 'until'>, now: number): Rotation {
  return { ...base(before), state: 'started', dueAt: now, details: { ...details, attempts: 0 } };
}

/** Whoever does it is tried from now on, on a version that is there for that alone. */
export function checking(
  before: Rotation,
  details: Pick<RotationDetails, 'version' | 'number'>,
  now: number,
): Rotation {
  return { ...base(before), state: 'checking', dueAt: now, details: { ...details, attempts: 0 } };
}

/** Somebody is at it, or still is. */
export function claimed(before: Rotation, now: number): Rotation {
  return { ...base(before), dueAt: now + LEASE_MS, details: { ...before.details, claimed: true } };
}

/** A step that is not the last was done; whoever is at it goes on. */
export function stepped(before: Rotation, now: number): Rotation {
  const next = STEPS[before.state]?.next ?? before.state;
  return { ...claimed(before, now), state: next };
}

/** An attempt failed: it is begun anew after a while, as often as there is time for. `otherwise`: its next time. */
export function setBack(before: Rotation, problem: string, now: number, otherwise: Window | undefined): Rotation {
  const { claimed: _ended, until, ...kept } = before.details;
  const attempts = before.details.attempts + 1;
  const details = { ...kept, attempts, problem };
  const dueAt = now + RETRY_MS * 3 ** (attempts - 1);
  if (attempts < ATTEMPTS_MAX && dueAt < (until ?? Number.POSITIVE_INFINITY)) {
    const state = before.state === 'checking' ? 'checking' : 'started';
    return { ...base(before), state, dueAt, details: { ...details, ...(until === undefined ? {} : { until }) } };
  }
  return { ...base(before), state: 'failed', ...dueIn(otherwise), details: { ...details, ...endOf(otherwise) } };
}

/** Nobody is at it; it is looked at again then. */
export function postponed(before: Rotation, dueAt: number): Rotation {
  const { claimed: _ended, ...details } = before.details;
  return { ...base(before), dueAt, details };
}

function base({ dueAt: _before, ...rotation }: Rotation): Rotation {
  return { ...rotation, epoch: rotation.epoch + 1 };
}
