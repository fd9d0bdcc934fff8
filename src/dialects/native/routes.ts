// The routes of Coffer's own API, from the operation table: an operation that names a path is a route, nothing else is.

import type { Api, Operation } from '../../ops/operation.ts';
import { OPERATIONS } from '../../ops/table.ts';

export const PREFIX = '/coffer/v1';

export interface Route {
  readonly api: Api;
  readonly operation: Operation<object, unknown>;
}

const routes = new Map<string, Route>();
for (const operation of OPERATIONS) {
  if (operation.api === undefined) continue;
  routes.set(`${operation.api.method} ${PREFIX}${operation.api.path}`, { api: operation.api, operation });
}

/** Every route, in the order of the table. */
export const ROUTES: readonly Route[] = [...routes.values()];

/** Which permissions these routes take. */
export const NATIVE_PERMISSIONS: ReadonlySet<string> = new Set(ROUTES.map(({ operation }) => operation.permission));

/** The route of a method and an exact path; HEAD is answered as GET. */
export function findRoute(method: string, path: string): Route | undefined {
  return routes.get(`${method === 'HEAD' ? 'GET' : method} ${path}`);
}
