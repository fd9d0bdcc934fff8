// The server itself: how it is sealed.

import type { SealStatus } from '../core/ports.ts';
import { type Operation, operation } from './operation.ts';

/** Public, as every peer's is: whether the server is sealed is what a monitor must learn without a credential. */
export const getSeal: Operation<object, SealStatus> = operation({
  name: 'server.seal',
  help: 'tell whether the server is sealed, and with which key',
  kind: 'read',
  permission: 'public',
  api: { method: 'GET', path: '/seal', fields: {} },
  target: () => ({ asked: 'server' }),
  decide: () => ({ result: undefined }),
  finish: (_result, _command, { keyring }) => keyring.status(),
});
