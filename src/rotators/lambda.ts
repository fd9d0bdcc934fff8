// Rotation functions behind Lambda's Invoke API, at the one address that the operator names: no request to this server can
// lead it anywhere else. What a function answers is never kept, logged or shown, for it may hold the value: only whether it
// succeeded counts. Sources: AWS Lambda API reference, Invoke and GetFunction; Secrets Manager user guide, "Lambda rotation
// function".

import { readFileSync } from 'node:fs';
import { Fault } from '../core/error.ts';
import type { Clock } from '../core/ports.ts';
import { Redacted } from '../core/redacted.ts';
import { type FunctionCall, FunctionProblem, type RotationFunctions } from '../core/rotation/port.ts';
import { ExchangeProblem, exchange } from '../outward/exchange.ts';
import { type AwsCredential, encode, signedHeaders } from './aws-request.ts';

export interface LambdaSettings {
  /** `http://` or `https://`. */
  readonly endpoint: string;
  /** A file of `AWS_ACCESS_KEY_ID=…` and `AWS_SECRET_ACCESS_KEY=…`, by which requests are signed. Absent: they are not. */
  readonly keyFile?: string;
}

export interface LambdaOptions extends LambdaSettings {
  readonly clock: Clock;
  /** How long one step may take; absent: as long as a function of AWS's may run. */
  readonly invokeMs?: number;
}

const INVOKE_MS = 905_000;
const LOOK_UP_MS = 5_000;
/** What Lambda answers at the most. */
const ANSWER_BYTES_MAX: number = 6 * 1024 * 1024;
const STEPS = { create: 'createSecret', set: 'setSecret', test: 'testSecret', finish: 'finishSecret' } as const;
const REGION_OF_ARN = /^arn:[a-z-]+:lambda:([a-z0-9-]{1,32}):/;

/** Rotation functions of a server that has no address for them. */
export const NO_FUNCTIONS: RotationFunctions = {
  exists: () => Promise.reject(new Fault('ROTATION_FUNCTIONS_UNSET')),
  invoke: () => Promise.reject(new FunctionProblem('the server has no address of rotation functions')),
};

/** Throws TypeError for what is no address, or a file that holds no key. */
export function openLambda({ endpoint, keyFile, clock, invokeMs = INVOKE_MS }: LambdaOptions): RotationFunctions {
  const url = parseEndpoint(endpoint);
  const credential = keyFile === undefined ? undefined : parseKey(readFileSync(keyFile, 'utf8'), keyFile);
  const ask = (asked: Pick<Asked, 'method' | 'arn' | 'path' | 'body' | 'signal'>) =>
    send({ ...asked, url, credential, time: clock.now() });
  return {
    exists: async (arn) => {
      const signal = AbortSignal.timeout(LOOK_UP_MS);
      const { status } = await ask({ method: 'GET', arn, path: '', body: '', signal }).catch((error: unknown) => {
        throw new Fault('ROTATION_FUNCTION_UNREACHABLE', {}, { cause: error });
      });
      if (status === 200) return true;
      if (status >= 400 && status < 500) return false;
      throw new Fault('ROTATION_FUNCTION_UNREACHABLE');
    },
    invoke: async (call, stopped) => {
      const signal = AbortSignal.any([stopped, AbortSignal.timeout(invokeMs)]);
      const body = JSON.stringify(eventOf(call));
      const answer = await ask({ method: 'POST', arn: call.arn, path: '/invocations', body, signal });
      if (answer.functionError) throw new FunctionProblem('the function failed');
      if (answer.status !== 200) throw new FunctionProblem(`its invocation was answered with status ${answer.status}`);
    },
  };
}

function eventOf({ verb, secretArn, version }: FunctionCall): object {
  return { Step: STEPS[verb], SecretId: secretArn, ClientRequestToken: version };
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url === undefined || !isPlain || !['http:', 'https:'].includes(url.protocol)) {
    throw new TypeError('the address of rotation functions must be http://HOST:PORT or https://HOST');
  }
  return url;
}

function parseKey(text: string, file: string): AwsCredential {
  const field = (name: string) => new RegExp(`^${name}=(\\S+)$`, 'm').exec(text)?.[1];
  const [id, secret, token] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'].map(field);
  if (id === undefined || secret === undefined) {
    throw new TypeError(`${file} must hold the lines AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…`);
  }
  return {
    id,
    secret: new Redacted(secret),
    ...(token === undefined ? {} : { sessionToken: new Redacted(token) }),
  };
}

interface Asked {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly arn: string;
  /** Below the function. */
  readonly path: string;
  readonly body: string;
  readonly credential: AwsCredential | undefined;
  readonly time: number;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly functionError: boolean;
}

/** Rejects with FunctionProblem where no answer came, or one that is too long. */
async function send({ url, method, arn, path, body, credential, time, signal }: Asked): Promise<Answer> {
  const at = `${url.pathname.replace(/\/+$/, '')}/2015-03-31/functions/${encode(arn)}${path}`;
  const region = REGION_OF_ARN.exec(arn)?.[1] ?? '';
  const plain = { 'content-type': 'application/json' };
  const of = { method, host: url.host, path: at, headers: plain, body, region, service: 'lambda', time };
  const headers = {
    ...(credential === undefined ? plain : signedHeaders(credential, of)),
    'content-length': String(Buffer.byteLength(body)),
  };
  const asked = { url, method, path: at, headers, body, signal, answerBytesMax: ANSWER_BYTES_MAX };
  try {
    const answered = await exchange(asked);
    return { status: answered.status, functionError: answered.headers['x-amz-function-error'] !== undefined };
  } catch (error) {
    throw error instanceof ExchangeProblem ? new FunctionProblem(error.message) : error;
  }
}
