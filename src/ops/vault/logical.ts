// The operations by which Vault's API does what no other dialect knows: one for each verb, judged like any other, with
// the path in the ledger. Which handler answers follows from the path. Secrets and versions have operations of their own.

import { Fault } from '../../core/error.ts';
import { type ProjectId, parseProjectRef } from '../../core/name.ts';
import type { Keyring, Maybe, Needs } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import { authoriseByAcl } from '../../core/vault/authority.ts';
import { DEFAULT_PROJECT } from '../bootstrap.ts';
import { then } from '../maybe.ts';
import { type Finish, type Input, type Operation, operation, type Prepare, type Prepared } from '../operation.ts';
import { mayAsk } from '../viewing.ts';
import { sealedToken } from './batch-tokens.ts';
import { entryNeed } from './entries.ts';
import { type Data, invalid } from './fields.ts';
import { certified, finishedList } from './pki-made.ts';
import { type FinishedReply, type Hashes, isOf, type Made, type Reply, type VaultRoute, type Verb } from './route.ts';
import { routeNamed } from './routes.ts';
import { placeOf, sealEntry } from './sealed-entry.ts';
import { View } from './view.ts';

export interface Logical {
  readonly project: ProjectId;
  readonly verb: Verb;
  /** Below `/v1/`, decoded. */
  readonly path: string;
  /** The path of the route, as the table has it; empty: there is none. */
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  readonly data: Data;
  readonly hashes: Hashes;
  /** What came, where it is a secret; `data` then is empty. */
  readonly payload?: Redacted<Uint8Array>;
  /** The text of the token to make, where the caller chose it. */
  readonly chosen?: Redacted<string>;
  /** The caller's credential of somewhere else, which is asked there. */
  readonly credential?: Redacted<string>;
}

interface Kept {
  readonly issued?: Redacted<string>;
  /** Of the certificate that was made. */
  readonly privateKey?: Redacted<string>;
}

const encoder = new TextEncoder();
const SECRET_ID_CHARS = 36;

/** What a write's making ready reads: how another server is asked, what a certificate is made by. */
function prepareNeeds({ route, verb, params, project }: Logical): Needs {
  const { inquiry, certifies } = verb === 'write' ? (routeNamed(route) ?? {}) : {};
  const ids = [
    ...(inquiry === undefined ? [] : [inquiry.entry(params)]),
    ...(certifies?.looksAt(params, project) ?? []),
  ];
  return Object.assign({}, ...ids.map(entryNeed));
}

function prepare(input: Input<Logical, Needs>, keyring: Keyring, at: Prepare): Maybe<Prepared<Made, Kept>> {
  const { route: name, params, data, verb, payload, chosen, hashes, credential } = input.command;
  const route = routeNamed(name);
  if (route?.server) checkServer(input, route, verb);
  if (verb === 'write') route?.tries?.({ params, data }, at.auditFiles);
  const carried: { -readonly [K in keyof Made]: Made[K] } = { uid: input.entropy.uid() };
  let kept: Kept = {};
  if (route?.issues) {
    const made = input.entropy.credential('vault');
    carried.hash = chosen === undefined ? made.hash : (hashes.id ?? made.hash);
    kept = { issued: chosen ?? made.text };
  }
  if (route?.issuesSecretId) {
    const text = chosen ?? new Redacted(input.entropy.text(SECRET_ID_CHARS));
    carried.secretHash = keyring.fingerprint(new Redacted(encoder.encode(text.reveal())));
    kept = { issued: text };
  }
  if (route?.rotates) {
    const { uid, wrappedKey: from } = new View(input).project;
    carried.rotated = { from, to: keyring.wrapProjectKey(uid, from) };
  }
  if (route?.sealsAt !== undefined && payload !== undefined) {
    const id = route.sealsAt(params, input.caller, carried);
    carried.sealed = sealEntry(keyring, new View(input).project, id, input.entropy.uid(), payload);
  }
  if (verb !== 'write') return { carried, kept };
  if (route?.certifies !== undefined) return certified(route.certifies, input, carried, keyring, at);
  if (route?.inquiry === undefined) return { carried, kept };
  return then(route.inquiry.ask({ view: new View(input), params, data, credential }, at.github), (said) => ({
    ...{ carried: { ...carried, ...said }, kept },
  }));
}

/** What is about the whole server is no tenant's: neither his namespace's, nor by what IAM grants him there. */
function checkServer(
  { scope, caller, now }: Pick<Input<Logical, Needs>, 'scope' | 'caller' | 'now'>,
  route: VaultRoute,
  verb: Verb,
) {
  if (scope.project?.id !== DEFAULT_PROJECT)
    throw invalid(`${route.path} is about the whole server: ask the root namespace`);
  const { vault } = caller;
  if (isOf(route.open, verb)) return;
  if (vault === undefined || authoriseByAcl('coffer.vault.use', vault, scope.callerPolicies ?? [], true)) return;
  const server = { ...scope, project: undefined, secret: undefined };
  if (mayAsk({ caller, now }, 'coffer.vault.use', { asked: 'server' }, server)) return;
  throw new Fault('PERMISSION_DENIED', { permission: 'coffer.vault.use', resource: 'server' });
}

function judge(input: Input<Logical, Needs, Made | undefined>) {
  const { command } = input;
  const route = routeNamed(command.route);
  if (route?.server) checkServer(input, route, command.verb);
  const handler = route?.[command.verb];
  if (handler === undefined) {
    const { verb, path } = command;
    throw command.route === ''
      ? new Fault('ROUTE_NOT_FOUND', { method: verb, path: path.slice(0, 200) })
      : new Fault('UNIMPLEMENTED', { what: `${verb} on this path` });
  }
  const view = new View(input);
  const { path, params, data, hashes } = command;
  const reply = handler({ view, path, params, data, hashes, made: input.prepared ?? {} });
  // Whose the credential will be: the caller of a login has none yet.
  const details = reply.auth === undefined ? {} : { details: { accessor: reply.auth.accessor } };
  return { result: reply, changes: view.changes, ...details };
}

function finish(
  reply: Reply,
  { path }: Logical,
  at: Finish & { readonly kept: Kept | undefined },
): Maybe<FinishedReply> {
  const { scope, keyring, grant, kept } = at;
  const { opens, batch, audits } = reply;
  const issued = batch === undefined ? kept?.issued : sealedToken(keyring, batch);
  const takes = reply.auth !== undefined || reply.wrap !== undefined || reply.secretId === true;
  const finished = takes ? { ...reply, issued } : reply;
  if (audits !== undefined) {
    return { ...reply, data: { hash: auditHash(keyring, audits.uid, audits.input) } };
  }
  if (reply.revocations !== undefined) return finishedList(reply, reply.revocations, at);
  if (reply.keyed !== undefined) return { ...reply, privateKey: kept?.privateKey } as FinishedReply;
  if (opens === undefined) return finished as FinishedReply;
  if (opens.sealed === undefined || scope.project === undefined || grant === undefined) {
    throw new TypeError(`${path} opens what is not sealed`);
  }
  const place = placeOf(keyring, scope.project, opens.id, String(opens.data['uid']));
  return { ...finished, opened: keyring.open(grant, scope.project.wrappedKey, place, opens.sealed) } as FinishedReply;
}

/** What an audit device writes in the place of a value: its own keyed hash, so that devices cannot be held together. */
export function auditHash(keyring: Pick<Keyring, 'fingerprint'>, deviceUid: string, value: string): string {
  return `hmac-sha256:${keyring.fingerprint(new Redacted(encoder.encode(`vault audit device ${deviceUid}\n${value}`)))}`;
}

function logical(
  name: string,
  help: string,
  kind: 'read' | 'write',
  permission: 'coffer.vault.use' | 'open' = 'coffer.vault.use',
): Operation<Logical, FinishedReply> {
  return operation({
    name,
    help,
    kind,
    permission,
    explores: true,
    target: ({ project, path }: Logical) => ({
      project: parseProjectRef(project),
      below: `vault/${path.slice(0, 200)}`,
      asked: `vault/${path.slice(0, 200)}`,
    }),
    ...(kind === 'read'
      ? {}
      : {
          prepare,
          prepareNeeds,
          carried: ({ payload: _, chosen: __, credential: ___, ...command }: Logical) => command,
        }),
    needs: ({ route }, _keyring, { vault }) =>
      vault?.tokenId !== undefined && routeNamed(route)?.looksAtSelf ? entryNeed(vault.tokenId) : {},
    decide: judge,
    finish,
  }) as unknown as Operation<Logical, FinishedReply>;
}

export const vaultRead: Operation<Logical, FinishedReply> = logical('vault.read', "read a path of Vault's API", 'read');
export const vaultList: Operation<Logical, FinishedReply> = logical('vault.list', "list a path of Vault's API", 'read');
export const vaultAsk: Operation<Logical, FinishedReply> = logical(
  'vault.ask',
  "ask a path of Vault's API, by a request that changes nothing",
  'read',
);
export const vaultWrite: Operation<Logical, FinishedReply> = logical(
  'vault.write',
  "write to a path of Vault's API",
  'write',
);
export const vaultDelete: Operation<Logical, FinishedReply> = logical(
  'vault.delete',
  "delete a path of Vault's API",
  'write',
);
export const vaultOpen: Operation<Logical, FinishedReply> = logical(
  'vault.open',
  "ask a path of Vault's API that takes no token",
  'read',
  'open',
);
export const vaultLogin: Operation<Logical, FinishedReply> = logical(
  'vault.login',
  "get a token by a method of Vault's API",
  'write',
  'open',
);
export const vaultInternal: Operation<Logical, FinishedReply> = logical(
  'vault.internal',
  "what Vault's API does around a request: count the use of a token, wrap an answer",
  'write',
  'open',
);
