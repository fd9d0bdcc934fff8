// GetSecretValue: the one operation that lets a value out.

import { type ProjectRef, parseSecretName, type SecretName, secretKey } from '../../core/name.ts';
import type { Secret } from '../../core/secret.ts';
import { then } from '../../ops/maybe.ts';
import { type AccessedVersion, accessVersion, type Selector } from '../../ops/versions.ts';
import type { Call } from './call.ts';
import { AwsError } from './errors.ts';
import { textMember } from './json.ts';
import type { Action } from './service.ts';
import { uuid } from './version-id.ts';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const ARN = /^arn:aws:secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+?)(?:-([A-Za-z0-9]{6}))?$/;

export const getSecretValue: Action = (call) => {
  const name = secretName(call);
  const command = { project: call.project as ProjectRef, key: secretKey(name), selector: selectorOf(call) };
  return then(call.run(accessVersion, command), (found) => encode(call, found));
};

function secretName({ input, signer }: Call): SecretName {
  const id = textMember(input, 'SecretId');
  if (id === undefined) throw new AwsError('InvalidParameterException', "Missing required parameter: 'SecretId'");
  const [, , account, named] = ARN.exec(id) ?? [];
  if (account !== undefined && account !== signer.account) {
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
  try {
    return parseSecretName(named ?? id);
  } catch {
    throw new AwsError(
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    );
  }
}

function selectorOf({ input }: Call): Selector {
  const id = textMember(input, 'VersionId');
  const stage = textMember(input, 'VersionStage');
  if (id !== undefined) return { uid: UUID.test(id) ? id.replaceAll('-', '').toLowerCase() : id };
  return stage === undefined || stage === 'AWSCURRENT' ? 'latest' : { alias: stage };
}

function encode({ region, signer }: Call, { secret, version, payload }: AccessedVersion): object {
  const bytes = payload.reveal();
  return {
    ARN: `arn:aws:secretsmanager:${region}:${signer.account}:secret:${secret.name}-${suffixOf(secret)}`,
    Name: secret.name,
    VersionId: uuid(version.uid),
    ...(version.attributes?.kind === 'binary' || !isText(bytes)
      ? { SecretBinary: Buffer.from(bytes).toString('base64') }
      : { SecretString: Buffer.from(bytes).toString() }),
    VersionStages: stagesOf(secret, version.number),
    CreatedDate: version.createdAt / 1000,
  };
}

/** The six characters that AWS adds to the name. */
function suffixOf({ uid }: Secret): string {
  return uid.slice(0, 6);
}

function stagesOf({ currentVersion, previousVersion }: Secret, number: number): readonly string[] {
  if (number === currentVersion) return ['AWSCURRENT'];
  return number === previousVersion ? ['AWSPREVIOUS'] : [];
}

const strict = new TextDecoder('utf-8', { fatal: true });

function isText(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
