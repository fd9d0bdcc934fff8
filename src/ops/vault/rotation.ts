// Rotating the key of a project: a new one wraps what is sealed from then on, and nothing is written anew. Each project
// has its own, so each namespace is rotated by itself.
// Source: https://developer.hashicorp.com/vault/api-docs/system/rotate

import { Fault } from '../../core/error.ts';
import { formatTime } from '../../core/vault/duration.ts';
import { Stale } from '../writer.ts';
import type { Handler, VaultRoute } from './route.ts';
import type { View } from './view.ts';

/** Ours: each costs 69 bytes of the project's row. */
const TERMS_MAX = 64;

const idOf = (view: View) => `project/${view.project.id}/key`;

const statusOf = (view: View) => {
  const { term = 1, installedAt = view.project.createdAt } = (view.get(idOf(view))?.data ?? {}) as {
    readonly term?: number;
    readonly installedAt?: number;
  };
  return { term, installedAt };
};

const status: Handler = ({ view }) => {
  const { term, installedAt } = statusOf(view);
  return { data: { term, install_time: formatTime(installedAt) } };
};

const rotate: Handler = ({ view, made }) => {
  const { project } = view;
  const { term } = statusOf(view);
  if (term >= TERMS_MAX) throw new Fault('LIMIT_REACHED', { what: 'keys of one project', limit: TERMS_MAX });
  const { rotated } = made;
  if (rotated === undefined) throw new TypeError('no new key was made');
  const isSame = rotated.from.length === project.wrappedKey.length;
  // Somebody else has rotated it since.
  if (!isSame || rotated.from.some((byte, at) => byte !== project.wrappedKey[at])) throw new Stale();
  view.changes.push({ change: 'project.update', project: { ...project, wrappedKey: rotated.to } });
  view.put({ id: idOf(view), data: { term: term + 1, installedAt: view.now } });
  return {};
};

export const ROTATION_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/key-status', help: "The term of the project's key.", read: status },
  ...['sys/rotate', 'sys/rotate/keyring'].map(
    (path): VaultRoute => ({ path, help: "Rotate the project's key.", sudo: true, rotates: true, write: rotate }),
  ),
];
