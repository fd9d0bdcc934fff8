// Commands that take several topics or subscriptions: each is tried, failures are told as they come, and the command
// fails in the end where one did, as gcloud does.

import { ApiError } from '../../client/error.ts';
import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { formatList, type Resource } from '../format/print.ts';
import { oneLine } from '../text.ts';

export interface Named {
  readonly project: string;
  readonly id: string;
}

/** What an argument means: an id in `project`, or a full name. @throws CliError where no project is set. */
export function named(context: Context, argument: string, kind: string, project?: string): Named {
  const [root, owner, given, id, ...more] = argument.split('/');
  if (root === 'projects' && owner && given === kind && id && more.length === 0) return { project: owner, id };
  return { project: project ?? context.session.project, id: argument };
}

export function namedPath({ project, id }: Named, kind: string): string {
  return `/v1/projects/${segment(project)}/${kind}/${segment(id)}`;
}

export interface Action {
  /** `create` or `delete`. */
  readonly verb: string;
  /** `topic` or `subscription`; the collection is its plural. */
  readonly kind: string;
  readonly act: (ref: Named, path: string) => Promise<Resource>;
}

/** @throws CliError naming those that failed; anything but the server's own error at once. */
export async function forEach(context: Context, args: readonly string[], { verb, kind, act }: Action): Promise<void> {
  const collection = `${kind}s`;
  const done: Resource[] = [];
  const failed: string[] = [];
  for (const argument of args) {
    const ref = named(context, argument, collection);
    const name = `projects/${ref.project}/${collection}/${ref.id}`;
    try {
      done.push({ name, ...(await act(ref, namedPath(ref, collection))) });
      context.out.status(`${verb.replace(/^./, (first) => first.toUpperCase())}d ${kind} [${name}].`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      context.out.status(`ERROR: Failed to ${verb} ${kind} [${name}]: ${oneLine(error.message)}`);
      failed.push(ref.id);
    }
  }
  const { format } = context.globals;
  if (format !== undefined) context.out.result(await formatList(done, { defaultFormat: 'none', format }));
  if (failed.length > 0) throw new CliError(`Failed to ${verb} the following: [${failed.join(',')}].`);
}
