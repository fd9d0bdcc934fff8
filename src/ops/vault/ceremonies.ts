// The paths by which holders of shares act together. Here it is judged whether they may ask; what they do is a step that the
// dialect then has done by whoever holds the seal. Sharing the key out anew takes a token, and to begin it or give it up one
// with `sudo`. A root token is made without any: the shares are what it takes. To give that up takes a token all the same,
// so that nobody else can hinder them for long.

import { invalid } from './fields.ts';
import type { Handler, VaultRoute } from './route.ts';

const judged: Handler = () => ({});
const ROOT_HELP = 'Make a root token by the shares of the seal.';

const onRoot = (path: string): readonly VaultRoute[] => [
  {
    path: `${path}/attempt`,
    help: ROOT_HELP,
    ...{ server: true, asks: true, open: ['read', 'write'], sudo: ['delete'] },
    ceremony: { read: 'root.status', write: 'root.start', delete: 'root.cancel' },
    ...{ read: judged, write: judged, delete: judged },
  },
  {
    path: `${path}/update`,
    help: ROOT_HELP,
    ...{ server: true, asks: true, open: true },
    ceremony: { write: 'root.update' },
    write: judged,
  },
];

export const CEREMONY_ROUTES: readonly VaultRoute[] = [
  {
    path: 'sys/rekey/init',
    help: "Share the seal's key out anew: begin, look at it, give it up.",
    ...{ server: true, asks: true, sudo: ['write', 'delete'] },
    ceremony: { read: 'rekey.status', write: 'rekey.start', delete: 'rekey.cancel' },
    ...{ read: judged, write: judged, delete: judged },
  },
  {
    path: 'sys/rekey/update',
    help: 'Give a share of the key that is to be replaced.',
    ...{ server: true, asks: true },
    ceremony: { write: 'rekey.update' },
    write: judged,
  },
  {
    path: 'sys/rekey/verify',
    help: 'Give a share of the new key, to show that it was kept.',
    ...{ server: true, asks: true, sudo: ['delete'] },
    ceremony: { read: 'verify.status', write: 'verify.update', delete: 'verify.cancel' },
    ...{ read: judged, write: judged, delete: judged },
  },
  {
    path: 'sys/rekey/backup',
    help: 'Shares are kept nowhere.',
    ...{ server: true, sudo: true },
    read: () => {
      throw invalid('no backed-up keys found');
    },
    delete: judged,
  },
  ...onRoot('sys/generate-root'),
  ...onRoot('sys/generate-root-token'),
];
