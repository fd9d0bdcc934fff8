// hash and random, which take no key.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/transit#generate-random-bytes

import { isHashName } from '../../core/keys/type.ts';
import { RANDOM_BYTES_MAX } from '../../core/limits.ts';
import { hashInput, makeRandom } from '../../ops/keys-random.ts';
import { then } from '../../ops/maybe.ts';
import { integerField, textField } from '../../ops/vault/fields.ts';
import { ok, Refusal, type TransitHandler } from './transit-answer.ts';
import { decodeBase64, encodeBase64 } from './transit-fields.ts';

export const hashData: TransitHandler = (request, { algorithm }) => {
  const { data, project } = request;
  const text = textField(data, 'input');
  if (text === undefined) throw new Refusal('input missing');
  let input: Uint8Array;
  try {
    input = decodeBase64(text);
  } catch (error) {
    throw new Refusal(`unable to decode input as base64: ${(error as Error).message}`);
  }
  const format = formatOf(textField(data, 'format') || 'hex');
  const hash = algorithm ?? (textField(data, 'algorithm') || 'sha2-256');
  if (!isHashName(hash) || hash === 'sha1') throw new Refusal(`unsupported algorithm ${hash.slice(0, 64)}`);
  return then(request.call(hashInput, { project, input, hash }, 'update'), (sum) => ok({ sum: written(sum, format) }));
};

const SOURCES = ['platform', 'seal', 'all'];

/** There is one source of random bytes, whichever is named. */
export const randomData: TransitHandler = (request, { first, second }) => {
  const { data, project } = request;
  const named = first !== undefined && SOURCES.includes(first) ? second : first;
  const source = textField(data, 'source') || 'platform';
  if ((named === first && second !== undefined) || !SOURCES.includes(source)) {
    throw new Refusal(
      `unsupported entropy source "${(first ?? source).slice(0, 64)}"; must be "platform", "seal" or "all"`,
    );
  }
  if (named !== undefined && !/^\d+$/.test(named)) {
    throw new Refusal(`error parsing url-set byte count: "${named.slice(0, 64)}" is no number`);
  }
  const bytes = named === undefined ? (integerField(data, 'bytes') ?? 32) : Number(named);
  if (bytes < 1) throw new Refusal("'bytes' cannot be less than 1");
  if (bytes > RANDOM_BYTES_MAX) throw new Refusal(`'bytes' should be less than ${RANDOM_BYTES_MAX}`);
  const format = formatOf(textField(data, 'format') || 'base64');
  return then(request.call(makeRandom, { project, bytes }, 'update'), (random) =>
    ok({ random_bytes: written(random.reveal(), format) }),
  );
};

function formatOf(text: string): 'hex' | 'base64' {
  if (text === 'hex' || text === 'base64') return text;
  throw new Refusal(`unsupported encoding format ${text.slice(0, 64)}; must be "hex" or "base64"`);
}

function written(bytes: Uint8Array, format: 'hex' | 'base64'): string {
  return format === 'hex' ? Buffer.from(bytes).toString('hex') : encodeBase64(bytes);
}
