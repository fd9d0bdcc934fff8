// A whole key as Vault and OpenBao write it into a backup: base64 of the JSON of their own policy and its archive, numbers
// of keys as whole numbers of JSON however long they are. So a key moves between them and this server by their own commands.

import type { KeySettings } from '../../core/keys/key.ts';
import { NEW_KEY_SETTINGS } from '../../core/keys/key.ts';
import type { PlainKey } from '../../core/keys/port.ts';
import { isAsymmetric, type KeyType, traitsOf } from '../../core/keys/type.ts';
import { Redacted } from '../../core/redacted.ts';
import { formatTime } from '../../core/vault/duration.ts';
import type { KeyBackup, PlainVersion } from '../../ops/keys-export.ts';
import type { RestoreKey } from '../../ops/keys-import.ts';
import type { Data } from './request.ts';
import { oneError, Refusal } from './transit-answer.ts';
import { rawPublicKey } from './transit-pem.ts';

/** By their number in OpenBao; Vault has the same but for keys of MACs, 11 there. */
const TYPE_NUMBERS: Readonly<Record<KeyType, number>> = {
  'aes256-gcm96': 0,
  'ecdsa-p256': 1,
  ed25519: 2,
  'rsa-2048': 3,
  'rsa-4096': 4,
  'chacha20-poly1305': 5,
  'ecdsa-p384': 6,
  'ecdsa-p521': 7,
  'aes128-gcm96': 8,
  'rsa-3072': 9,
  hmac: 10,
  'xchacha20-poly1305': 11,
};
const VAULT_HMAC = 11;
const HKDF = 1;
const CONVERGENT_VERSION = 3;
const SECOND_NS = 1e9;
const BLANK = { key: null, hmac_key: null, time: '0001-01-01T00:00:00Z', public_key: '', creation_time: 0 };

/** JSON numbers of any length; the types of this language do not know them yet. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

type Numbers = Readonly<Record<string, string>>;

const decimal = (numbers: Numbers, name: string) =>
  rawJson(BigInt(`0x${Buffer.from(numbers[name] ?? '', 'base64url').toString('hex') || '0'}`).toString());

/** The backup of a key, as text. */
export function writeBackup({ key, versions }: KeyBackup): string {
  const entries = versions.map((version) => [version.number, entryOf(key.type, key.convergent, version)] as const);
  const archived: unknown[] = [];
  for (let number = key.minAvailableVersion; number <= key.latestVersion; number++) archived.push(BLANK);
  for (const [number, entry] of entries) archived[number - key.minAvailableVersion] = entry;
  const usable = entries.filter(([number]) => number >= key.minDecryptionVersion);
  const policy = {
    ...{ name: key.name, type: TYPE_NUMBERS[key.type], keys: Object.fromEntries(usable) },
    ...{ derived: key.derived, kdf: key.derived ? HKDF : 0 },
    ...{ convergent_encryption: key.convergent, convergent_version: key.convergent ? -1 : 0 },
    ...(key.keyBytes === undefined ? {} : { key_size: key.keyBytes }),
    ...{ exportable: key.exportable, allow_plaintext_backup: key.plaintextBackup },
    ...{ min_decryption_version: key.minDecryptionVersion, min_encryption_version: key.minEncryptionVersion },
    ...{ latest_version: key.latestVersion, archive_version: key.latestVersion },
    ...{ archive_min_version: key.minAvailableVersion, min_available_version: key.minAvailableVersion },
    ...{ deletion_allowed: key.deletionAllowed, restore_info: null },
    backup_info: key.backup === undefined ? null : { ...key.backup, time: formatTime(key.backup.time) },
    ...{ version_template: '', storage_prefix: '', auto_rotate_period: (key.autoRotateSeconds ?? 0) * SECOND_NS },
    ...{ Imported: key.imported, AllowImportedKeyRotation: key.importedRotation },
  };
  return Buffer.from(JSON.stringify({ policy, archived_keys: { keys: archived } })).toString('base64');
}

function entryOf(type: KeyType, convergent: boolean, { createdAt, plain, publicKey = '' }: PlainVersion): Data {
  const { kind } = traitsOf(type);
  const raw = plain.raw?.reveal();
  const numbers = plain.jwk?.reveal() ?? {};
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const isPrivate = 'd' in numbers;
  const seed = [numbers['d'] ?? '', numbers['x'] ?? ''].map((part) => Buffer.from(part, 'base64url'));
  return {
    key: raw !== undefined ? base64(raw) : kind === 'eddsa' && isPrivate ? base64(Buffer.concat(seed)) : null,
    hmac_key: base64(plain.macKey?.reveal() ?? new Uint8Array(0)),
    ...{ time: formatTime(createdAt), creation_time: Math.floor(createdAt / 1000) },
    ec_x: kind === 'ecdsa' ? decimal(numbers, 'x') : null,
    ec_y: kind === 'ecdsa' ? decimal(numbers, 'y') : null,
    ec_d: kind === 'ecdsa' && isPrivate ? decimal(numbers, 'd') : null,
    rsa_key: kind === 'rsa' && isPrivate ? rsaKey(numbers) : null,
    rsa_public_key: kind === 'rsa' ? { N: decimal(numbers, 'n'), E: decimal(numbers, 'e') } : null,
    public_key: kind === 'eddsa' ? rawPublicKey(publicKey) : kind === 'ecdsa' ? publicKey : '',
    convergent_version: convergent ? CONVERGENT_VERSION : 0,
  };
}

function rsaKey(numbers: Numbers): Data {
  const of = (name: string) => decimal(numbers, name);
  return {
    ...{ N: of('n'), E: of('e'), D: of('d'), Primes: [of('p'), of('q')] },
    Precomputed: { Dp: of('dp'), Dq: of('dq'), Qinv: of('qi'), CRTValues: [] },
  };
}

type Backup = Pick<RestoreKey, 'type' | 'settings' | 'latestVersion' | 'versions'> & { readonly name: string };

/** A key from the text of its backup. Throws Refusal, by status 500 as Vault does, where it is none. */
export function readBackup(text: string): Backup {
  try {
    const { policy, archived_keys: archive } = parsed(text);
    const type = typeOf(policy);
    const derived = policy['derived'] === true;
    const convergent = policy['convergent_encryption'] === true;
    if (derived && policy['kdf'] !== HKDF) throw unusable('its keys are derived in a way that is no longer safe');
    const least = numberOf(policy, 'min_available_version');
    const entries = new Map<number, Data>();
    const archived = listOf((archive as Data | null | undefined)?.['keys']);
    for (const [index, entry] of archived.entries()) entries.set(index + least, entry as Data);
    for (const [number, entry] of Object.entries((policy['keys'] ?? {}) as Data)) {
      entries.set(Number(number), entry as Data);
    }
    const versions = [...entries].flatMap(([number, entry]) => versionOf(type, convergent, number, entry));
    return {
      name: String(policy['name'] ?? ''),
      type,
      settings: settingsOf(policy, { derived, convergent, type }),
      latestVersion: numberOf(policy, 'latest_version'),
      versions,
    };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw unusable('it is no backup of a key');
  }
}

function parsed(text: string): { readonly policy: Data; readonly archived_keys?: unknown } {
  const whole = (_key: string, value: unknown, { source }: { readonly source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value;
  const json = Buffer.from(text, 'base64').toString('utf8');
  const found = JSON.parse(json, whole as (key: string, value: unknown) => unknown) as { policy: Data };
  if (typeof found.policy !== 'object' || found.policy === null) throw unusable('it is no backup of a key');
  return found;
}

function typeOf(policy: Data): KeyType {
  const number = policy['type'];
  // What Vault numbers so is a key for MACs if it has a size; OpenBao's of that number is of a type nobody else has.
  if (number === VAULT_HMAC && numberOf(policy, 'key_size') > 0) return 'hmac';
  const found = Object.entries(TYPE_NUMBERS).find(([, each]) => each === number)?.[0];
  if (found === undefined) throw unusable('it is of a type that this server does not have');
  return found as KeyType;
}

function settingsOf(
  policy: Data,
  { derived, convergent, type }: { derived: boolean; convergent: boolean; type: KeyType },
): KeySettings {
  const seconds = Math.floor(Number(policy['auto_rotate_period'] ?? 0) / SECOND_NS);
  const flag = (name: string) => policy[name] === true;
  return {
    ...NEW_KEY_SETTINGS,
    ...{ derived, convergent, exportable: flag('exportable'), plaintextBackup: flag('allow_plaintext_backup') },
    deletionAllowed: flag('deletion_allowed'),
    minDecryptionVersion: Math.max(1, numberOf(policy, 'min_decryption_version')),
    minEncryptionVersion: numberOf(policy, 'min_encryption_version'),
    minAvailableVersion: numberOf(policy, 'min_available_version'),
    ...(seconds > 0 ? { autoRotateSeconds: seconds } : {}),
    ...backedUp(policy['backup_info']),
    ...{ imported: flag('Imported'), importedRotation: flag('AllowImportedKeyRotation') },
    ...(type === 'hmac' ? { keyBytes: numberOf(policy, 'key_size') } : {}),
  };
}

/** When it was backed up, which a restored key still says. */
function backedUp(info: unknown): Pick<KeySettings, 'backup'> {
  if (typeof info !== 'object' || info === null) return {};
  const time = Date.parse(String((info as Data)['time']));
  return Number.isNaN(time) || time < 0 ? {} : { backup: { time, version: numberOf(info as Data, 'version') } };
}

function versionOf(type: KeyType, convergent: boolean, number: number, entry: Data): PlainVersion[] {
  const plain = plainOf(type, entry);
  if (plain === undefined) return [];
  if (convergent && entry['convergent_version'] !== CONVERGENT_VERSION) {
    throw unusable('it makes its nonces in a way that is no longer safe');
  }
  const createdAt = Date.parse(String(entry['time']));
  const macKey = bytesOf(entry['hmac_key']);
  return [
    {
      number,
      createdAt: Number.isNaN(createdAt) ? 0 : Math.max(0, createdAt),
      plain: { ...plain, ...(macKey === undefined || type === 'hmac' ? {} : { macKey: new Redacted(macKey) }) },
    },
  ];
}

/** The key of an entry; undefined of one that is blank. */
function plainOf(type: KeyType, entry: Data): PlainKey | undefined {
  const { kind, curve } = traitsOf(type);
  const raw = bytesOf(entry['key']);
  if (!isAsymmetric(type)) return raw === undefined ? undefined : { raw: new Redacted(raw) };
  const jwk = kind === 'rsa' ? rsaNumbers(entry) : kind === 'ecdsa' ? ecNumbers(entry, curve ?? '') : okp(entry, raw);
  return jwk === undefined ? undefined : { jwk: new Redacted(jwk) };
}

function okp({ public_key: shown }: Data, raw: Uint8Array | undefined): Numbers | undefined {
  const x = raw === undefined ? bytesOf(shown) : raw.subarray(32);
  if (x === undefined) return undefined;
  const numbers = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(x).toString('base64url') };
  return raw === undefined ? numbers : { ...numbers, d: Buffer.from(raw.subarray(0, 32)).toString('base64url') };
}

function ecNumbers({ ec_x: x, ec_y: y, ec_d: d }: Data, curve: string): Numbers | undefined {
  if (!isWhole(x) || !isWhole(y)) return undefined;
  const bytes = Math.ceil(Number(curve.slice(2)) / 8);
  const numbers = { kty: 'EC', crv: curve, x: base64url(x, bytes), y: base64url(y, bytes) };
  return isWhole(d) ? { ...numbers, d: base64url(d, bytes) } : numbers;
}

function rsaNumbers({ rsa_key: whole, rsa_public_key: half }: Data): Numbers | undefined {
  const key = (whole ?? half) as Data | null | undefined;
  if (key === null || key === undefined) return undefined;
  const of = (value: unknown) => {
    if (!isWhole(value)) throw unusable('a number of its key is missing');
    return base64url(value);
  };
  const numbers = { kty: 'RSA', n: of(key['N']), e: of(key['E']) };
  if (whole === null || whole === undefined) return numbers;
  const [p, q] = listOf(key['Primes']);
  const { Dp, Dq, Qinv } = (key['Precomputed'] ?? {}) as Data;
  return { ...numbers, d: of(key['D']), p: of(p), q: of(q), dp: of(Dp), dq: of(Dq), qi: of(Qinv) };
}

function isWhole(value: unknown): value is number | bigint {
  return (typeof value === 'bigint' || Number.isSafeInteger(value)) && (value as number) >= 0;
}

function base64url(number: number | bigint, bytes = 0): string {
  const digits = number.toString(16);
  const even = digits.padStart(Math.max(2 * bytes, digits.length + (digits.length % 2)), '0');
  return Buffer.from(even, 'hex').toString('base64url');
}

function bytesOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64') : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOf(data: Data, name: string): number {
  const value = data[name] ?? 0;
  if (!Number.isSafeInteger(value)) throw unusable('it is no backup of a key');
  return value as number;
}

function unusable(problem: string): Refusal {
  return new Refusal(oneError(`the backup cannot be restored: ${problem}`), 500);
}
