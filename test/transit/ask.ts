// Vault's transit over the real store, keyring, engine and audit, asked as its dialect asks it.

import assert from 'node:assert/strict';
import { parseProjectRef } from '../../src/core/name.ts';
import type { Data } from '../../src/dialects/vault/request.ts';
import { transit } from '../../src/dialects/vault/transit.ts';
import type { TransitAnswer, TransitRequest } from '../../src/dialects/vault/transit-answer.ts';
import type { World } from '../ops/world.ts';

export interface Asked {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly data: any;
  readonly errors: readonly string[];
}

export type Ask = (verb: TransitRequest['verb'], path: string, data?: Data) => Promise<Asked>;

/** Asks a ring of the default project as the holder of a credential. */
export function asking(world: World, credential: string, ring = 'transit'): Ask {
  return async (verb, path, data = {}) => {
    const caller = await world.as(credential);
    const project = parseProjectRef('default');
    // As it comes from a request: what is not JSON does not pass.
    const fields = JSON.parse(JSON.stringify(data)) as Data;
    const call: TransitRequest['call'] = (operation, command) => world.door.call(operation, caller, command);
    const answer: TransitAnswer = await transit(
      { verb, path, data: fields, project, ring, call, judge: () => undefined },
      (told) => told,
    );
    const sent = answer.text === undefined ? answer.data : (JSON.parse(answer.text) as Data);
    return { status: answer.status, data: sent, errors: answer.errors ?? [] };
  };
}

/** Fails unless the request ends in this status with this one error. */
export async function refused(status: number, message: string | RegExp, asked: ReturnType<Ask>): Promise<void> {
  const answer = await asked;
  assert.equal(answer.status, status, JSON.stringify(answer));
  if (typeof message === 'string') assert.deepEqual(answer.errors, [message]);
  else assert.match(answer.errors[0] ?? '', message);
}
