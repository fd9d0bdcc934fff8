// Which service account a run acts as: the one that was named, else the project's default compute account, with a
// warning: that account is shared by everything in the project and, having roles/editor, cannot read secrets.

import { ApiError, type Client, segment } from '../client/client.ts';
import { RunFailure, warn } from './failure.ts';

export interface Account {
  readonly email: string;
  readonly projectId: string;
  readonly projectNumber: string;
}

interface Project {
  /** `projects/NUMBER`. */
  readonly name?: unknown;
  readonly projectId?: unknown;
}

const EMAIL = /^[a-z0-9][a-z0-9-]{0,62}@[a-z0-9][a-z0-9.:-]{0,200}\.gserviceaccount\.com$/;

/**
 * The account of this run.
 * @throws RunFailure where the project does not exist or the address is no service account's; ApiError, ClientError.
 */
export async function findAccount(client: Client, project: string, named: string | undefined): Promise<Account> {
  if (named !== undefined && !EMAIL.test(named)) {
    throw new RunFailure(
      `--service-account: [${named.slice(0, 300)}] is no service account: expected NAME@PROJECT.iam.gserviceaccount.com`,
    );
  }
  const found = await readProject(client, project);
  if (named !== undefined) return { email: named, ...found };
  const email = `${found.projectNumber}-compute@developer.gserviceaccount.com`;
  warn(
    `no --service-account: running as ${email}, which has roles/editor on ${found.projectId}: ` +
      'it can add secret versions but not read them; give each workload an account of its own',
  );
  return { email, ...found };
}

/** What to say where no token can be had for `email`; undefined where the error is not about the account. */
export function explainRefusedAccount(error: unknown, email: string, project: string): RunFailure | undefined {
  if (!(error instanceof ApiError)) return undefined;
  if (error.status === 'ACCOUNT_NOT_FOUND') {
    const [name = '', domain = ''] = email.split('@');
    const owner = /^([^.]+)\.iam\.gserviceaccount\.com$/.exec(domain)?.[1] ?? project;
    return new RunFailure(
      `service account ${email} does not exist: create it with 'coffer iam service-accounts create ${name} --project=${owner}'`,
    );
  }
  if (error.status === 'PERMISSION_DENIED') {
    return new RunFailure(
      `not allowed to act as ${email} (roles/iam.serviceAccountTokenCreator is needed): ${error.message}`,
    );
  }
  return undefined;
}

async function readProject(client: Client, project: string): Promise<Omit<Account, 'email'>> {
  const answer = await client.request<Project>('GET', `/v3/projects/${segment(project)}`).catch((error: unknown) => {
    if (error instanceof ApiError && (error.status === 'NOT_FOUND' || error.status === 'PERMISSION_DENIED')) {
      throw new RunFailure(
        `project ${project} does not exist or may not be seen: create it with 'coffer projects create ${project}', or name another with --project`,
      );
    }
    throw error;
  });
  const number = typeof answer.name === 'string' ? /^projects\/(\d{1,20})$/.exec(answer.name)?.[1] : undefined;
  if (number === undefined || typeof answer.projectId !== 'string') {
    throw new RunFailure(`the server's answer about project ${project} names no project number`);
  }
  return { projectId: answer.projectId, projectNumber: number };
}
