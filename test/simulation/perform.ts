// A step of the model, asked of the real operations, and what they answered, in the model's words.

import { Fault } from '../../src/core/error.ts';
import { parseAccountEmail, parseProjectRef, parseSecretName, secretKey } from '../../src/core/name.ts';
import type { Caller } from '../../src/core/principal.ts';
import { Redacted } from '../../src/core/redacted.ts';
import { createAccount, deleteAccount } from '../../src/ops/accounts.ts';
import { promoteVersion, rollbackSecret } from '../../src/ops/current.ts';
import type { Door } from '../../src/ops/door.ts';
import type { Operation } from '../../src/ops/operation.ts';
import { setProjectPolicy, setSecretPolicy } from '../../src/ops/policies.ts';
import { createSecret, deleteSecret, updateSecret } from '../../src/ops/secrets.ts';
import { generateToken, revokeToken } from '../../src/ops/tokens.ts';
import { accessVersion, addVersion, destroyVersion, disableVersion, enableVersion } from '../../src/ops/versions.ts';
import type { Answer, Grant, Step } from './model.ts';

export const PROJECT = parseProjectRef('default');

/** Well formed, and nobody's. */
const FORGED = `ya29.${'A'.repeat(43)}`;

/** By which the audit record of a step is known, whatever dialect it was asked in. */
export function userAgentOf(stepId: string): string {
  return `step ${stepId}`;
}

/** A way in, and the owner's credential. */
export interface Entrance {
  readonly door: Door;
  readonly ownerCredential: string;
}

/** The first door of a server. */
export function entranceOf(server: { readonly doors: readonly Door[]; readonly ownerCredential: string }): Entrance {
  return { door: server.doors[0] as Door, ownerCredential: server.ownerCredential };
}

export const emailOf = (account: string) => {
  const email = parseAccountEmail(`${account}@default.iam.gserviceaccount.com`);
  if (email === undefined) throw new Error(`${account} is no name of an account`);
  return email;
};

/** Bindings as IAM takes them. */
export const bindingsOf = (grants: readonly Grant[]) =>
  grants.map((grant) => {
    const [role, account = ''] = grant.split(' ');
    return { role: `roles/secretmanager.${role}`, members: [`serviceAccount:${emailOf(account)}`] };
  });

/**
 * Asks for a step; `tokens` has the texts of tokens by their labels, and gets those that are made. Undefined where the
 * server could not do it, which leaves open whether it did. Throws what no server should answer.
 */
export async function perform(
  entrance: Entrance,
  step: Step,
  tokens: Map<string, string>,
): Promise<Answer | undefined> {
  const credential =
    { owner: entrance.ownerCredential, nobody: undefined, forger: FORGED }[step.as] ?? tokens.get(step.as);
  const origin = { dialect: 'test', peer: '127.0.0.1', requestId: step.id, userAgent: userAgentOf(step.id) };
  try {
    const caller = await entrance.door.authenticate(step.as === 'nobody' ? undefined : credential, origin);
    return { ok: await ask(entrance.door, caller, step, tokens) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.class === 'unavailable') return undefined;
    if (error.class === 'internal') throw new Error(`step ${step.id} ended in a bug`, { cause: error });
    return { fault: error.code };
  }
}

async function ask(door: Door, caller: Caller, step: Step, tokens: Map<string, string>): Promise<string | number> {
  const call = async <C, R>(operation: Operation<C, R>, command: C): Promise<R> =>
    door.call(operation, caller, command);
  switch (step.do) {
    case 'account.create':
      await call(createAccount, { project: PROJECT, accountId: step.account, displayName: '', description: '' });
      return '';
    case 'account.delete':
      await call(deleteAccount, { account: emailOf(step.account) });
      return '';
    case 'token.make': {
      const { token } = await call(generateToken, { account: emailOf(step.account), lifetimeSeconds: 0 });
      tokens.set(step.label, token.reveal());
      return '';
    }
    case 'token.revoke':
      await call(revokeToken, {});
      return '';
    case 'policy.set': {
      const policy = { project: PROJECT, bindings: bindingsOf(step.grants) };
      if (step.secret === undefined) await call(setProjectPolicy, policy);
      else await call(setSecretPolicy, { ...policy, key: secretKey(parseSecretName(step.secret)) });
      return '';
    }
    default:
      return askSecret(call, step);
  }
}

type OfSecret = Exclude<
  Step,
  { readonly do: 'account.create' | 'account.delete' | 'token.make' | 'token.revoke' | 'policy.set' }
>;

const MOVES = {
  'version.enable': enableVersion,
  'version.disable': disableVersion,
  'version.destroy': destroyVersion,
  'version.promote': promoteVersion,
} as const;

async function askSecret(
  call: <C, R>(operation: Operation<C, R>, command: C) => Promise<R>,
  step: OfSecret,
): Promise<string | number> {
  const name = parseSecretName(step.secret);
  const ref = { project: PROJECT, key: secretKey(name) };
  switch (step.do) {
    case 'secret.create':
      await call(createSecret, { project: PROJECT, name, replication: { locations: [] } });
      return '';
    case 'secret.update':
      await call(updateSecret, { ...ref, labels: { step: step.id } });
      return '';
    case 'secret.delete':
      await call(deleteSecret, ref);
      return '';
    case 'secret.rollback':
      await call(rollbackSecret, ref);
      return '';
    case 'version.add':
    case 'version.candidate': {
      const candidate = step.do === 'version.candidate' ? { candidate: true as const } : {};
      const payload = new Redacted<Uint8Array>(Buffer.from(step.value));
      return (await call(addVersion, { ...ref, payload, ...candidate })).version.number;
    }
    case 'version.access': {
      const { payload } = await call(accessVersion, { ...ref, selector: step.number });
      return Buffer.from(payload.reveal()).toString();
    }
    default:
      await call(MOVES[step.do], { ...ref, number: step.number });
      return '';
  }
}
