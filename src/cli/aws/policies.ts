// `coffer secrets get-aws-policy|set-aws-policy|remove-aws-policy|check-aws-policy` and `coffer iam service-accounts
// aws-policies …`: policies of AWS's as files. What is shown is the text that was set.

import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { nativeRef, secretRef } from '../names.ts';
import { readDocument } from '../payload.ts';
import { type ListFlags, type Resource, showList, showOne } from '../show.ts';

interface Place {
  readonly location?: string;
}

interface OfSecret extends Resource {
  readonly policy?: string;
}

/** @throws CliError where the secret has none. */
export async function getAwsPolicy(this: Context, flags: Place, id: string): Promise<void> {
  const ref = nativeRef(secretRef(this.session, id, flags.location));
  const { policy } = await this.session.request<OfSecret>('GET', '/coffer/v1/secrets:awsPolicy', undefined, ref);
  if (policy === undefined) throw new CliError(`the secret [${id}] has no policy of AWS's`);
  this.out.result(`${policy}\n`);
}

export async function setAwsPolicy(
  this: Context,
  flags: Place & { blockPublicPolicy?: boolean },
  id: string,
  file: string,
): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  await this.session.request('POST', '/coffer/v1/secrets:setAwsPolicy', {
    ...nativeRef(ref),
    policy: await readDocument(this.io, file),
    ...(flags.blockPublicPolicy ? { blockPublic: true } : {}),
  });
  this.out.status(`Updated AWS policy for secret [${ref.secret}].`);
}

export async function removeAwsPolicy(this: Context, flags: Place, id: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  await this.session.request('POST', '/coffer/v1/secrets:deleteAwsPolicy', nativeRef(ref));
  this.out.status(`Removed AWS policy from secret [${ref.secret}].`);
}

/** @throws CliError where the policy is found wanting. */
export async function checkAwsPolicy(this: Context, flags: Place, id: string, file: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  const body = { ...nativeRef(ref), policy: await readDocument(this.io, file) };
  const { findings } = await this.session.request<{ readonly findings: readonly Resource[] }>(
    'POST',
    '/coffer/v1/secrets:validateAwsPolicy',
    body,
  );
  if (findings.length === 0) {
    this.out.status('The policy is valid, grants nothing to the public and does not lock you out.');
    return;
  }
  throw new CliError(findings.map(({ check, message }) => `${check}: ${message}`).join('\n'));
}

interface OfAccount extends Resource {
  readonly policies: readonly Resource[];
}

export async function listAccountPolicies(this: Context, flags: ListFlags & { iamAccount: string }): Promise<void> {
  const { iamAccount: serviceAccount, ...listing } = flags;
  await showList(this, listing, {
    defaultFormat: 'table(name)',
    serverFilters: false,
    uri: ({ name }) => String(name),
    fetch: async () => {
      const query = { serviceAccount };
      const answer = await this.session.request<OfAccount>('GET', '/coffer/v1/accounts:awsPolicies', undefined, query);
      return { items: answer.policies, nextPageToken: undefined };
    },
  });
}

/** @throws CliError where there is none of that name. */
export async function getAccountPolicy(this: Context, flags: { iamAccount: string }, name: string): Promise<void> {
  const query = { serviceAccount: flags.iamAccount };
  const answer = await this.session.request<OfAccount>('GET', '/coffer/v1/accounts:awsPolicies', undefined, query);
  const found = answer.policies.find((policy) => policy['name'] === name);
  if (found === undefined) throw new CliError(`the service account has no AWS policy [${name}]`);
  this.out.result(`${String(found['policy'])}\n`);
}

export async function setAccountPolicy(
  this: Context,
  flags: { iamAccount: string },
  name: string,
  file: string,
): Promise<void> {
  const body = { serviceAccount: flags.iamAccount, name, policy: await readDocument(this.io, file) };
  const answer = await this.session.request<OfAccount>('POST', '/coffer/v1/accounts:setAwsPolicy', body);
  this.out.status(`Updated AWS policy [${name}] of service account [${flags.iamAccount}].`);
  await showOne(this, answer, 'none');
}

export async function removeAccountPolicy(this: Context, flags: { iamAccount: string }, name: string): Promise<void> {
  const body = { serviceAccount: flags.iamAccount, name };
  await this.session.request('POST', '/coffer/v1/accounts:deleteAwsPolicy', body);
  this.out.status(`Removed AWS policy [${name}] from service account [${flags.iamAccount}].`);
}
