// `coffer env --format=aws-profile`: a profile for AWS's configuration file, by which its programs act as a service account
// without `coffer run`. Nothing in it is secret: each program asks `coffer auth print-aws-credentials` for a session.
// Source: AWS SDKs and Tools, "Process credential provider" and "Service-specific endpoints".

import { accessSync, constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { RunFailure } from '../failure.ts';

export interface ProfileOptions {
  readonly serviceAccount: string;
  readonly address: string;
  /** What the command finds the server by, beside its address. */
  readonly dataDirectory: string | undefined;
  /** The file that this program was started from. */
  readonly program: string;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}(?=@[a-z0-9.-]+$)/;
/** What each of AWS's libraries reads as one word. */
const PLAIN = /^[A-Za-z0-9_.,:/@%+=~[\]-]+$/;

/** The sections. @throws RunFailure where a word of the command could be read in two ways. */
export function awsProfile({ serviceAccount, address, dataDirectory, program }: ProfileOptions): string {
  const [name] = NAME.exec(serviceAccount) ?? [];
  if (name === undefined) throw new RunFailure('--service-account: expected NAME@PROJECT.iam.gserviceaccount.com');
  const data = dataDirectory === undefined ? [] : [`COFFER_DATA=${dataDirectory}`];
  const command = ['env', `COFFER_ADDR=${address}`, ...data, ...commandOf(program)];
  const words = [...command, 'auth', 'print-aws-credentials', serviceAccount];
  const odd = words.find((word) => !PLAIN.test(word));
  if (odd !== undefined) throw new RunFailure(`a path with spaces or quotes cannot be in a profile: ${odd}`);
  const services = ['secrets_manager', 'sts', 'kms'].map((service) => `${service} =\n  endpoint_url = ${address}\n`);
  return (
    `[profile ${name}]\ncredential_process = ${words.join(' ')}\nservices = coffer-${name}\n\n` +
    `[services coffer-${name}]\n${services.join('')}`
  );
}

/** The launcher, where it lies where it belongs, since it finds a Node by itself. */
function commandOf(program: string): readonly string[] {
  const launcher = join(dirname(dirname(program)), 'coffer');
  try {
    accessSync(launcher, constants.X_OK);
    return [launcher];
  } catch {
    return [process.execPath, program];
  }
}
