// Whom the change of a policy takes reading from, told on stderr by the command that makes it. The question is asked
// before the change, and answered only to who may see the readers; to anybody else the command says nothing of them.

import { ApiError } from '../client/error.ts';
import type { Context } from './context.ts';
import type { Policy, PolicyAccess } from './policy.ts';

interface Lost {
  readonly principal: string;
  readonly resource: string;
  readonly version: number;
  readonly lastReadTime: string;
}

interface Impact {
  readonly losing: readonly Lost[];
  readonly complete: boolean;
}

const SHOWN_MAX = 10;

/** `access`, with the warning that goes with each policy that it sets. `ref` names the secret, or the project. */
export function warningOfReaders(
  context: Context,
  path: '/coffer/v1/access:impact' | '/coffer/v1/access:impactProject',
  ref: Readonly<Record<string, string>>,
  access: PolicyAccess,
): PolicyAccess {
  return {
    get: access.get,
    set: async (policy) => {
      const { losing, complete } = await losingReaders(context, path, ref, policy);
      const set = await access.set(policy);
      for (const { principal, resource, version, lastReadTime } of losing.slice(0, SHOWN_MAX)) {
        context.out.status(
          `WARNING: [${principal}] read version ${version} of [${resource}] at ${lastReadTime} and can read it no more.`,
        );
      }
      if (!complete) context.out.status('WARNING: there are more readers than were looked at.');
      if (losing.length > SHOWN_MAX) context.out.status(`WARNING: so it is with ${losing.length - SHOWN_MAX} more.`);
      return set;
    },
  };
}

async function losingReaders(
  { session }: Context,
  path: string,
  ref: Readonly<Record<string, string>>,
  { bindings = [] }: Policy,
): Promise<Impact> {
  try {
    const body = { ...ref, policy: JSON.stringify({ bindings }) };
    return await session.request<Impact>('POST', path, body);
  } catch (error) {
    // What is wrong with the policy is said when it is set.
    if (error instanceof ApiError) return { losing: [], complete: true };
    throw error;
  }
}
