// Moving what is mounted: an engine with all that it holds, or an auth method, whose tokens end with its old path.
// Source: https://developer.hashicorp.com/vault/api-docs/system/remount

import type { AuthMount } from '../../core/vault/auth-mounts.ts';
import {
  FIXED_MOUNTS,
  isVersioned,
  type Mount,
  placeOfMount,
  ringOfMount,
  SHARED_MOUNT,
} from '../../core/vault/mounts.ts';
import { authTableOf, checkAuthFree, keepAuth } from './auth-methods.ts';
import { invalid, textField } from './fields.ts';
import { leasesBelow } from './leases.ts';
import { keepMounts, tableOf } from './mount-table.ts';
import { checkFree, mountPath } from './mounts.ts';
import { revokeLeasedBelow } from './pki-leases.ts';
import type { Handler, VaultRoute } from './route.ts';
import type { View } from './view.ts';

const AUTH = 'auth/';

function without<T>(table: Readonly<Record<string, T>>, path: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(table).filter(([each]) => each !== path));
}

function own<T>(table: Readonly<Record<string, T>>, path: string, spelled: string): T {
  if (!Object.hasOwn(table, path)) throw invalid(`no matching mount at ${spelled}`);
  return table[path] as T;
}

function moveEngine(view: View, from: string, to: string): void {
  const table = tableOf(view);
  const mount: Mount = own(table, from, from);
  if (FIXED_MOUNTS.includes(from)) throw invalid(`cannot remount "${from}"`);
  if (placeOfMount(from, mount) === '' || (to === SHARED_MOUNT && isVersioned(mount))) {
    throw invalid(`${SHARED_MOUNT} is the view of the project's secrets: it cannot be moved, and nothing to it`);
  }
  const rest = without(table, from);
  checkFree(rest, to);
  keepMounts(view, { ...rest, [to]: mount });
  if (mount.type === 'pki') revokeLeasedBelow(view, leasesBelow(view, from));
  if (mount.type !== 'transit') return;
  const [ring, there] = [ringOfMount(from), ringOfMount(to)];
  view.changes.push({ change: 'keyRing.move', projectUid: view.project.uid, ring, to: there });
}

function moveAuth(view: View, from: string, to: string): void {
  const table = authTableOf(view);
  if (from === 'token/') throw invalid('cannot remount "auth/token/"');
  const mount: AuthMount = own(table, from, AUTH + from);
  const rest = without(table, from);
  checkAuthFree(rest, to);
  keepAuth(view, { ...rest, [to]: mount });
  view.removeOwnersBelow(leasesBelow(view, AUTH + from));
}

const remount: Handler = ({ view, data }) => {
  const from = mountPath(textField(data, 'from') ?? '');
  const to = mountPath(textField(data, 'to') ?? '');
  if (from.startsWith(AUTH) !== to.startsWith(AUTH)) {
    throw invalid('cannot remount between a secret engine and an auth method');
  }
  if (from.startsWith(AUTH)) {
    moveAuth(view, mountPath(from.slice(AUTH.length)), mountPath(to.slice(AUTH.length)));
  } else {
    moveEngine(view, from, to);
  }
  const uid = view.entropy.uid().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { data: { migration_id: uid } };
};

/** A move is done when it is answered, so whoever asks how far it is hears that. */
const remounted: Handler = ({ params }) => ({
  data: { migration_id: params['id'] ?? '', migration_info: { source_mount: '', target_mount: '', status: 'success' } },
});

export const REMOUNT_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/remount', help: 'Move a mount.', sudo: true, write: remount },
  { path: 'sys/remount/status/:id', help: 'How far a move is.', read: remounted },
];
