// A payload and its secret as one statement: a read of a value asks for both, and each alone would look the secret up, in
// a transaction that makes the two of one moment.

import type { Need, Needs } from '../core/ports.ts';
import type { Read } from './read.ts';
import { secretAndPayloadOf } from './rows.ts';
import { forPlace, placeValues } from './sql/reference.ts';
import { SECRET_AND_PAYLOAD_SELECT } from './sql/versions.ts';

type PayloadNeed = Extract<Need, { need: 'version' | 'payload' }>;
type SecretNeed = Extract<Need, { need: 'secret' }>;

/** What answers two needs at once, by their names; undefined where they are not a payload, by its number, and its secret. */
export function readJoined(needs: Needs, [first, second]: readonly string[]): Read | undefined {
  if (first === undefined || second === undefined) return undefined;
  const [one, other] = [needs[first], needs[second]];
  if (one?.need === 'payload' && other?.need === 'secret') return joined(one, first, other, second);
  if (one?.need === 'secret' && other?.need === 'payload') return joined(other, second, one, first);
  return undefined;
}

function joined(payload: PayloadNeed, payloadName: string, secret: SecretNeed, secretName: string): Read | undefined {
  if (!isByNumber(payload) || !isOf(payload, secret)) return undefined;
  return {
    sql: forPlace(SECRET_AND_PAYLOAD_SELECT, secret),
    values: [payload.number, ...placeValues(secret)],
    isOne: true,
    decode: ([row]) => {
      const found = row === undefined ? undefined : secretAndPayloadOf(row);
      return { [payloadName]: found?.payload, [secretName]: found?.secret };
    },
  };
}

function isByNumber({ alias, previous, uid, stage, versionId }: PayloadNeed): boolean {
  return (alias ?? previous ?? uid ?? stage ?? versionId) === undefined;
}

function isOf(payload: PayloadNeed, secret: SecretNeed): boolean {
  return (
    payload.project === secret.project &&
    payload.location === secret.location &&
    payload.key === secret.key &&
    payload.deleted === secret.deleted &&
    payload.spelled === secret.spelled &&
    payload.from === secret.from
  );
}
