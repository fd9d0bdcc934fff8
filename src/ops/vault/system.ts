// What else of `sys/` this server answers.

import type { VaultRoute } from './route.ts';

export const SYSTEM_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/seal', help: 'Seal the server.', sudo: true, write: () => ({}) },
];
