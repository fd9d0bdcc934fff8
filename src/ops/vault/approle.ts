// Roles that programs log in to with two halves of a credential: the role's id, and a secret id that was made for them,
// may be good for so many logins or so long, and is kept as its keyed hash only.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/approle

import { Fault } from '../../core/error.ts';
import { isWithin, parseBlocks } from '../../core/vault/cidr.ts';
import { formatTime } from '../../core/vault/duration.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import { tokenOfLogin, tokenSettings } from './auth-methods.ts';
import { booleanField, type Data, durationField, integerField, invalid, listField, textField } from './fields.ts';
import { entityOfLogin } from './identity-login.ts';
import type { Handler, VaultCall, VaultRoute } from './route.ts';
import { alphanumeric, mintToken } from './token-create.ts';

const ROLES_MAX = 10_000;
const SECRET_IDS_MAX = 10_000;
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/;
const ID_CHARS_MAX = 256;
const METADATA_CHARS_MAX = 4096;

const home = ({ params }: VaultCall) => `auth/${params['uid']}/`;
const nameOf = ({ params }: VaultCall) => (params['role'] ?? '').toLowerCase();
const roleId = (call: VaultCall) => `${home(call)}role/${nameOf(call)}`;
const sidsOf = (call: VaultCall) => `${home(call)}sid/${nameOf(call)}/`;
const accessorsOf = (call: VaultCall) => `${home(call)}sid-accessor/${nameOf(call)}/`;
const idIndex = (call: VaultCall, id: string) => `${home(call)}role-id/${id}`;

function existing(call: VaultCall): VaultEntry {
  const entry = call.view.get(roleId(call));
  if (entry === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'role' });
  return entry;
}

const blocks = (data: Data, ...names: readonly string[]) =>
  names.map((name) => listField(data, name)).find((list) => list !== undefined);

const write: Handler = (call) => {
  const { view, data, made } = call;
  if (!NAME.test(nameOf(call))) throw invalid('a role name has letters, digits and . _ -');
  const bound = blocks(data, 'secret_id_bound_cidrs', 'bound_cidr_list');
  const before = view.get(roleId(call));
  const known = before?.data ?? {};
  if (before === undefined && view.below(`${home(call)}role/`, ROLES_MAX).length >= ROLES_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'roles of one auth method', limit: ROLES_MAX });
  }
  const number = (asked: number | undefined, name: string) => {
    const value = asked ?? (known[name] as number | undefined) ?? 0;
    if (value < 0) throw invalid(`${name} cannot be negative`);
    return value;
  };
  const bind = booleanField(data, 'bind_secret_id') ?? (known['bind_secret_id'] as boolean | undefined) ?? true;
  if (!bind) throw invalid('a role without any constraint would let everybody in: bind_secret_id stays true');
  const id = textField(data, 'role_id') ?? (known['role_id'] as string | undefined) ?? uuid(made.uid ?? '');
  view.put({
    id: roleId(call),
    data: {
      ...tokenSettings(data, known),
      ...{ bind_secret_id: bind, role_id: id, local_secret_ids: false },
      secret_id_bound_cidrs: bound === undefined ? (known['secret_id_bound_cidrs'] ?? []) : parseBlocks(bound),
      secret_id_num_uses: number(integerField(data, 'secret_id_num_uses'), 'secret_id_num_uses'),
      secret_id_ttl: number(durationField(data, 'secret_id_ttl'), 'secret_id_ttl'),
    },
  });
  index(call, id, known['role_id'] as string | undefined);
  return {};
};

/** Finds the role by its id, and no more by the one before. */
function index(call: VaultCall, id: string, before: string | undefined): void {
  const { view } = call;
  if (id === '' || id.length > ID_CHARS_MAX || /[/\s]/.test(id)) throw invalid('invalid role_id');
  if (before === id) return;
  if (view.get(idIndex(call, id)) !== undefined) throw invalid('role_id already in use');
  if (before !== undefined) view.remove(idIndex(call, before));
  view.put({ id: idIndex(call, id), owner: roleId(call), data: { role: nameOf(call) } });
}

const uuid = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

const read: Handler = (call) => {
  const { role_id: _id, ...settings } = existing(call).data;
  return { data: settings };
};

const list: Handler = (call) => {
  const prefix = `${home(call)}role/`;
  return { data: { keys: call.view.below(prefix, ROLES_MAX).map(({ id }) => id.slice(prefix.length)) } };
};

const remove: Handler = (call) => {
  call.view.remove(roleId(call));
  return {};
};

const readId: Handler = (call) => ({ data: { role_id: existing(call).data['role_id'] } });

const writeId: Handler = (call) => {
  const { id: at, data } = existing(call);
  const id = textField(call.data, 'role_id') ?? '';
  index(call, id, data['role_id'] as string);
  call.view.put({ id: at, data: { ...data, role_id: id } });
  return {};
};

function metadataOf(data: Data): Readonly<Record<string, string>> {
  const given = data['metadata'];
  if (given === undefined || given === null || given === '') return {};
  let value: unknown = given;
  try {
    if (typeof given === 'string') value = JSON.parse(given);
  } catch {
    throw invalid('failed to parse metadata');
  }
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const pairs = isMap ? Object.entries(value as object) : [['', 1]];
  if (pairs.some(([, text]) => typeof text !== 'string') || JSON.stringify(value).length > METADATA_CHARS_MAX) {
    throw invalid('failed to parse metadata: a map of texts belongs there');
  }
  return Object.fromEntries(pairs) as Record<string, string>;
}

const makeSecretId: Handler = (call) => {
  const { view, data, made, hashes } = call;
  const role = existing(call);
  const hash = hashes.secretId ?? made.secretHash;
  if (hash === undefined) throw new TypeError('a secret id is made without a text');
  const id = sidsOf(call) + hash;
  if (view.get(id) !== undefined) throw invalid('SecretID is already registered');
  if (view.below(accessorsOf(call), SECRET_IDS_MAX).length >= SECRET_IDS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'secret ids of one role', limit: SECRET_IDS_MAX });
  }
  const [uses, seconds] = [role.data['secret_id_num_uses'] as number, role.data['secret_id_ttl'] as number];
  const own = { uses: integerField(data, 'num_uses') ?? uses, seconds: durationField(data, 'ttl') ?? seconds };
  if (own.uses < 0 || own.seconds < 0) throw invalid('num_uses and ttl cannot be negative');
  const ttlSeconds = seconds > 0 && own.seconds > 0 ? Math.min(seconds, own.seconds) : own.seconds || seconds;
  const numUses = uses > 0 && own.uses > 0 ? Math.min(uses, own.uses) : own.uses || uses;
  const accessor = alphanumeric(view, 32).toLowerCase();
  const lists = {
    cidrs: parseBlocks(blocks(data, 'cidr_list') ?? []),
    tokenCidrs: parseBlocks(blocks(data, 'token_bound_cidrs') ?? []),
  };
  const entry = {
    accessor,
    createdAt: view.now,
    ttlSeconds,
    numUses,
    usesLeft: numUses,
    metadata: metadataOf(data),
    ...lists,
  };
  view.put({
    id,
    owner: role.id,
    data: entry,
    ...(ttlSeconds === 0 ? {} : { expiresAt: view.now + ttlSeconds * 1000 }),
  });
  view.put({ id: accessorsOf(call) + accessor, owner: id, data: { sid: id } });
  const told = { secret_id_accessor: accessor, secret_id_ttl: ttlSeconds, secret_id_num_uses: numUses };
  return { data: { secret_id: '', ...told }, secretId: true };
};

const secretIds: Handler = (call) => {
  existing(call);
  const prefix = accessorsOf(call);
  const rows = call.view.below(prefix, SECRET_IDS_MAX);
  const found = call.view.all(rows.map(({ data }) => String(data['sid'])));
  const living = rows.filter((_, index) => found[index] !== undefined);
  return { data: { keys: living.map(({ id }) => id.slice(prefix.length)) } };
};

function byText(call: VaultCall): VaultEntry | undefined {
  existing(call);
  if (call.hashes.secretId === undefined) throw invalid('missing secret_id');
  return call.view.get(sidsOf(call) + call.hashes.secretId);
}

function byAccessor(call: VaultCall): VaultEntry {
  existing(call);
  const accessor = (textField(call.data, 'secret_id_accessor') ?? '').slice(0, 100);
  const at = call.view.get(accessorsOf(call) + accessor)?.data['sid'];
  const entry = typeof at === 'string' ? call.view.get(at) : undefined;
  if (entry === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'secret id' });
  return entry;
}

function describe({ data, expiresAt }: VaultEntry): Readonly<Record<string, unknown>> {
  return {
    ...{ cidr_list: data['cidrs'], creation_time: formatTime(data['createdAt'] as number), metadata: data['metadata'] },
    expiration_time: expiresAt === undefined ? '0001-01-01T00:00:00Z' : formatTime(expiresAt),
    ...{ last_updated_time: formatTime(data['createdAt'] as number), secret_id_accessor: data['accessor'] },
    ...{
      secret_id_num_uses: data['usesLeft'],
      secret_id_ttl: data['ttlSeconds'],
      token_bound_cidrs: data['tokenCidrs'],
    },
  };
}

const lookup: Handler = (call) => {
  const entry = byText(call);
  return entry === undefined ? {} : { data: describe(entry) };
};

const lookupAccessor: Handler = (call) => ({ data: describe(byAccessor(call)) });

const destroy =
  (find: (call: VaultCall) => VaultEntry | undefined): Handler =>
  (call) => {
    const entry = find(call);
    if (entry !== undefined) call.view.remove(entry.id);
    return {};
  };

const login: Handler = (call) => {
  const { view, hashes, made, data } = call;
  const wrong = () => invalid('invalid role or secret ID');
  const id = textField(data, 'role_id') ?? '';
  if (id === '') throw invalid('missing role_id');
  const role = id.length > ID_CHARS_MAX ? undefined : view.get(idIndex(call, id))?.data['role'];
  if (typeof role !== 'string' || hashes.secretId === undefined) throw wrong();
  const known = { ...call, params: { ...call.params, role } };
  const settings = view.get(roleId(known))?.data;
  const entry = view.get(sidsOf(known) + hashes.secretId);
  if (settings === undefined || entry === undefined) throw wrong();
  for (const allowed of [settings['secret_id_bound_cidrs'], entry.data['cidrs']] as (readonly string[])[]) {
    if (allowed.length > 0 && !isWithin(view.caller.peer, allowed)) throw wrong();
  }
  const left = entry.data['usesLeft'] as number;
  if (left === 1) view.remove(entry.id);
  else if (left > 1) view.put({ ...entry, data: { ...entry.data, usesLeft: left - 1 } });
  const meta = { role_name: role, ...(entry.data['metadata'] as Record<string, string>) };
  const own = entry.data['tokenCidrs'] as readonly string[];
  const bound = own.length === 0 ? settings : { ...settings, token_bound_cidrs: own };
  const entity = entityOfLogin(view, call.params['accessor'] ?? '', id);
  const about = { displayName: 'approle', path: call.path, meta, entity };
  return mintToken(view, tokenOfLogin(bound, about), made.hash);
};

const secretIdAt = 'approle!role/:role/secret-id';

export const APPROLE_ROUTES: readonly VaultRoute[] = [
  { path: 'approle!role', help: 'List the roles.', list },
  { path: 'approle!role/:role', help: 'Read, write or delete a role.', read, write, delete: remove },
  { path: 'approle!role/:role/role-id', help: 'Read or set the id of a role.', read: readId, write: writeId },
  {
    path: secretIdAt,
    help: 'Make a secret id, or list their accessors.',
    issuesSecretId: true,
    write: makeSecretId,
    list: secretIds,
  },
  {
    path: 'approle!role/:role/custom-secret-id',
    help: 'Register a secret id.',
    issuesSecretId: true,
    write: makeSecretId,
  },
  { path: `${secretIdAt}/lookup`, help: 'Look at a secret id.', asks: true, write: lookup },
  { path: `${secretIdAt}/destroy`, help: 'Destroy a secret id.', write: destroy(byText), delete: destroy(byText) },
  {
    path: `${secretIdAt}-accessor/lookup`,
    help: 'Look at the secret id of an accessor.',
    asks: true,
    write: lookupAccessor,
  },
  {
    path: `${secretIdAt}-accessor/destroy`,
    help: 'Destroy the secret id of an accessor.',
    ...{ write: destroy(byAccessor), delete: destroy(byAccessor) },
  },
  { path: 'approle!login', help: 'Log in with a role id and a secret id.', open: true, issues: true, write: login },
];
