// GetSecretValue and BatchGetSecretValue: the operations that let values out.

import { CURRENT } from '../../core/aws/stages.ts';
import { Fault } from '../../core/error.ts';
import { listSeen } from '../../ops/aws/list-secrets.ts';
import { then } from '../../ops/maybe.ts';
import { accessVersion, type Selector } from '../../ops/versions.ts';
import type { Call } from './call.ts';
import { type AwsError, awsErrorOf } from './errors.ts';
import { type Json, member } from './json.ts';
import { encodeValue } from './secret-encode.ts';
import { explainSecret } from './secret-errors.ts';
import { filtersOf, invalidParameter, nextOf, pageOf, textOf } from './secret-input.ts';
import { refOf, regionOf } from './secret-ref.ts';
import type { Action } from './service.ts';

export const getSecretValue: Action = (call) => {
  const command = {
    ...refOf(call),
    selector: selectorOf(call.input),
    // The account's own key is nobody else's.
    ...(call.foreign === undefined ? {} : { ownKeyOnly: true as const }),
  };
  return then(call.run(accessVersion, command), (found) => encodeValue(call, found));
};

function selectorOf(input: Json): Selector {
  const versionId = textOf(input, 'VersionId');
  const stage = textOf(input, 'VersionStage');
  if (versionId !== undefined) return { versionId, ...(stage === undefined ? {} : { stage }) };
  return stage === undefined || stage === CURRENT ? 'latest' : { stage };
}

/** What is not to be had of some secrets is told beside the values of the others. */
export const batchGetSecretValue: Action = async (call) => {
  const ids = member(call.input, 'SecretIdList') as readonly string[] | undefined;
  const filters = member(call.input, 'Filters');
  if (ids !== undefined && filters !== undefined) {
    throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  }
  if (filters === undefined && member(call.input, 'MaxResults') !== undefined) {
    throw invalidParameter("'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.");
  }
  if (ids === undefined && filters === undefined) {
    throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided.");
  }
  if (ids !== undefined) return { ...(await valuesOf(call, ids)) };
  const page = await call.run(listSeen, {
    ...{ project: call.project, region: regionOf(call), withDeleted: false, filters: filtersOf(call.input) },
    ...{ by: 'created', order: 'ascending', ...pageOf({ MaxResults: PAGE_MAX, ...call.input }) },
  });
  const names = page.secrets.map(({ secret }) => secret.name);
  return { ...(await valuesOf(call, names)), ...nextOf(page) };
};

const PAGE_MAX = 20;

async function valuesOf(call: Call, ids: readonly string[]): Promise<object> {
  const values: object[] = [];
  const errors: object[] = [];
  for (const id of ids) {
    try {
      const found = await call.run(accessVersion, { ...refOf(call, {}, id), selector: 'latest' });
      values.push(encodeValue(call, found));
    } catch (error) {
      const { code, message } = told(error, call, id);
      errors.push({ SecretId: id, ErrorCode: code, Message: message });
    }
  }
  return { SecretValues: values, Errors: errors };
}

/** What one secret's error says; what is no answer about a secret is that of the whole request. */
function told(error: unknown, call: Call, id: string): AwsError {
  if (!(error instanceof Fault) || !ABOUT_SECRETS.has(error.class)) throw error;
  const denied = { arn: call.signer.arn, action: 'secretsmanager:GetSecretValue', resource: id };
  return awsErrorOf(error, denied, (fault) => explainSecret(fault, call));
}

const ABOUT_SECRETS: ReadonlySet<string> = new Set([
  'missing',
  'denied',
  'invalid',
  'exists',
  'precondition',
  'corrupt',
]);
