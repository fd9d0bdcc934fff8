// The cubbyhole: a place for secrets that each token has for itself. Its entries are owned by the token and go with it;
// what another token keeps there does not exist.

import { Fault } from '../../core/error.ts';
import type { Caller } from '../../core/principal.ts';
import { invalid } from './fields.ts';
import { below } from './folders.ts';
import type { Handler, Made, VaultRoute } from './route.ts';

const ENTRIES_MAX = 10_000;
const PATH_CHARS_MAX = 512;

function home({ vault }: Caller): string {
  if (vault?.tokenId === undefined) throw invalid('cubbyhole operations need a service token');
  return `cubbyhole/${vault.tokenId.slice(vault.tokenId.indexOf('/') + 1)}/`;
}

/** The entry that a path of the caller's has. */
function entryId(caller: Caller, path: string | undefined): string {
  if (path === undefined || path === '' || path.endsWith('/') || path.length > PATH_CHARS_MAX)
    throw invalid('missing or invalid path');
  return home(caller) + path;
}

const read: Handler = ({ view, params }) => {
  const entry = view.get(entryId(view.caller, params['path']));
  if (entry === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'cubbyhole' });
  return { opens: entry };
};

const write: Handler = ({ view, params, made }) => {
  const owner = view.callerToken()?.id;
  if (owner === undefined || made.sealed === undefined) throw invalid('missing data fields');
  const id = entryId(view.caller, params['path']);
  if (view.get(id) === undefined && view.below(home(view.caller), ENTRIES_MAX).length >= ENTRIES_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'entries of a cubbyhole', limit: ENTRIES_MAX });
  }
  view.put({ id, owner, ...made.sealed });
  return {};
};

const list: Handler = ({ view, params }) => {
  const folder = params['path'] ?? '';
  const prefix = home(view.caller) + (folder === '' || folder.endsWith('/') ? folder : `${folder}/`);
  return { data: { keys: below(view.below(prefix, ENTRIES_MAX).map(({ id }) => id.slice(prefix.length))) } };
};

export const CUBBYHOLE_ROUTES: readonly VaultRoute[] = [
  { path: 'cubbyhole', help: "List the token's cubbyhole.", list },
  {
    path: 'cubbyhole/*path',
    help: "Read, write, list or delete in the token's cubbyhole.",
    sealsAt: (params, caller, _made: Made) => entryId(caller, params['path']),
    ...{ read, write, list },
    delete: ({ view, params }) => {
      view.remove(entryId(view.caller, params['path']));
      return {};
    },
  },
];
