// The limits of a secret's own fields, each met exactly, missed by one step and passed by one, over both transports; the
// hosts of regions; and filters and masks that are made to cost time.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { createGcpDialect } from '../../src/dialects/gcp/dialect.ts';
import { METHODS } from '../../src/dialects/gcp/methods.ts';
import { readRest, Transcoder } from '../../src/dialects/gcp/rest.ts';
import type { Dialect } from '../../src/wire/types.ts';
import { openWorld, type World } from '../ops/world.ts';
import { cpuMs } from '../support/cpu.ts';

const PROJECT = '/v1/projects/my-project';
const SECRETS = `${PROJECT}/secrets`;
const AUTOMATIC = { replication: { automatic: {} } };
const YEARS_100_SECONDS = 876_000 * 3600;

let world: World;
let dialect: Dialect;
const transcoder = new Transcoder(METHODS.values());

interface Answer {
  readonly ok: boolean;
  /** Of an error. */
  readonly message: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the method answers
  readonly json: any;
}

type Send = (method: string, target: string, body?: object, host?: string) => Promise<Answer>;

function requestOf(method: string, target: string, body: object, host: string) {
  const [path = '', query = ''] = target.split('?');
  const headers = { authorization: `Bearer ${world.ownerCredential}` };
  const peer = { address: '127.0.0.1', port: 1 };
  const head = { id: 'r', protocol: 'h2', secure: false, method, host, path, query, headers, peer } as const;
  return { ...head, body: method === 'GET' ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body)) };
}

const rest: Send = async (method, target, body = {}, host = 'localhost') => {
  const { status, body: text } = await dialect.http(requestOf(method, target, body, host));
  const json = JSON.parse(String(text));
  return { ok: status === 200, message: json.error?.message ?? '', json };
};

const grpc: Send = async (method, target, body = {}, host = 'localhost') => {
  const request = requestOf(method, target, body, host);
  const route = transcoder.find(method, request.path, undefined);
  assert.ok(route, target);
  const { desc } = route.value.method;
  const [service, rpc] = [desc.parent.typeName, desc.name];
  const message = toBinary(desc.input, readRest(route, request).message());
  const answer = await dialect.grpc({ ...request, path: `/${service}/${rpc}`, service, rpc, message });
  if (!answer.ok) return { ok: false, message: answer.message, json: undefined };
  return { ok: true, message: '', json: toJson(desc.output, fromBinary(desc.output, answer.message)) };
};

const BOTH: readonly (readonly [name: string, send: Send])[] = [
  ['REST', rest],
  ['gRPC', grpc],
];

/** Each body in turn: an empty text where it is taken, the message where it is not. */
async function each(method: string, target: string, cases: readonly (readonly [body: object, message: string])[]) {
  for (const [name, send] of BOTH) {
    for (const [body, message] of cases) {
      const shown = JSON.stringify(body).slice(0, 120);
      assert.equal((await send(method, target, body)).message, message, `${name} ${target} ${shown}`);
    }
  }
}

const later = (seconds: number) => new Date(world.clock.now() + seconds * 1000).toISOString();
const words = (count: number, word: (index: number) => string) => Array.from({ length: count }, (_, at) => word(at));

before(async () => {
  world = await openWorld();
  dialect = createGcpDialect(world.door, { onError: (error) => assert.fail(error as Error) });
  const made = [
    await rest('POST', '/v3/projects', { projectId: 'my-project' }),
    await rest('POST', `${SECRETS}?secretId=a`, AUTOMATIC),
    await rest('POST', `${SECRETS}/a:addVersion`, { payload: { data: 'AA==' } }),
    await rest('POST', `${PROJECT}/locations/europe-west1/secrets?secretId=a`),
  ];
  for (const { ok, message } of made) assert.ok(ok, message);
  for (const name of words(11, (index) => `topic-${index}`)) await rest('PUT', `${PROJECT}/topics/${name}`);
});

after(() => world.close());

describe('limits of a secret', () => {
  const soon = 'Expiration time must be at least [1m] in the future.';
  const far = 'Expiration time cannot be more than [876000h] from now.';

  test('a time of expiry: a minute to a hundred years ahead', async () => {
    await each('PATCH', `${SECRETS}/a?updateMask=expireTime`, [
      [{ expireTime: later(59.999) }, soon],
      [{ expireTime: later(60) }, ''],
      [{ expireTime: later(60.001) }, ''],
      [{ expireTime: later(YEARS_100_SECONDS - 0.001) }, ''],
      [{ expireTime: later(YEARS_100_SECONDS) }, ''],
      [{ expireTime: later(YEARS_100_SECONDS + 0.001) }, far],
      [{ expireTime: '0001-01-01T00:00:00Z' }, soon],
      [{ expireTime: '9999-12-31T23:59:59Z' }, far],
    ]);
  });

  test('a life: the same', async () => {
    await each('PATCH', `${SECRETS}/a?updateMask=ttl`, [
      [{ ttl: '59.999s' }, soon],
      [{ ttl: '60s' }, ''],
      [{ ttl: `${YEARS_100_SECONDS}s` }, ''],
      [{ ttl: `${YEARS_100_SECONDS}.001s` }, far],
      [{ ttl: '-315576000000s' }, soon],
      [{ ttl: '315576000000s' }, far],
    ]);
  });

  test('a delay of destruction: a day to a thousand days', async () => {
    await each('PATCH', `${SECRETS}/a?updateMask=versionDestroyTtl`, [
      [{ versionDestroyTtl: '86399.999s' }, 'Version destroy TTL must be at least [24h].'],
      [{ versionDestroyTtl: '86400s' }, ''],
      [{ versionDestroyTtl: '86401s' }, ''],
      [{ versionDestroyTtl: '86400000s' }, ''],
      [{ versionDestroyTtl: '86400001s' }, 'Version destroy TTL must be at most [24000h].'],
      [{ versionDestroyTtl: '0s' }, 'Version destroy TTL must be at least [24h].'],
    ]);
  });

  test('a rotation: five minutes to a hundred years ahead, an hour apart or more', async () => {
    const topics = [{ name: 'projects/my-project/topics/topic-0' }];
    const rotation = (nextRotationTime: string, rotationPeriod = '3600s') => ({
      topics,
      rotation: { nextRotationTime, rotationPeriod },
    });
    await each('PATCH', `${SECRETS}/a?updateMask=topics,rotation`, [
      [rotation(later(299.999)), 'Next rotation time must be at least [5m] in the future.'],
      [rotation(later(300)), ''],
      [rotation(later(YEARS_100_SECONDS)), ''],
      [rotation(later(YEARS_100_SECONDS + 0.001)), 'Next rotation time cannot be more than [876000h] from now.'],
      [rotation(later(300), '3599.999s'), 'Rotation period cannot be shorter than [1h].'],
      [rotation(later(300), '3600s'), ''],
      [rotation(later(300), `${YEARS_100_SECONDS}s`), ''],
      [rotation(later(300), `${YEARS_100_SECONDS + 1}s`), 'Rotation period cannot be longer than [876000h].'],
      [{}, ''],
    ]);
  });

  test('ten topics', async () => {
    const topics = (count: number) => ({
      topics: words(count, (index) => `projects/my-project/topics/topic-${index}`).map((name) => ({ name })),
    });
    await each('PATCH', `${SECRETS}/a?updateMask=topics`, [
      [topics(9), ''],
      [topics(10), ''],
      [topics(11), 'No more than 10 topics can be configured on a secret.'],
      [{}, ''],
    ]);
  });

  test('fifty aliases of 63 characters, of versions that there are', async () => {
    const aliases = (count: number, version = '1') => ({
      versionAliases: Object.fromEntries(words(count, (index) => `a${index}`).map((alias) => [alias, version])),
    });
    const form =
      'must follow pattern [a-zA-Z][a-Aa-Z0-9_-]+, be less than 64 characters and cannot be "latest" or "NEW"';
    await each('PATCH', `${SECRETS}/a?updateMask=versionAliases`, [
      [aliases(49), ''],
      [aliases(50), ''],
      [aliases(51), 'No more than 50 aliases can be assgined to any given secret'],
      [{ versionAliases: { ['a'.repeat(63)]: '1' } }, ''],
      [{ versionAliases: { ['a'.repeat(64)]: '1' } }, `[${'a'.repeat(64)}] ${form}`],
      [aliases(1, '2'), "Aliases cannot be assigned to versions that don't exist"],
      [aliases(1, '0'), "Aliases cannot be assigned to versions that don't exist"],
      [aliases(1, '-1'), "Aliases cannot be assigned to versions that don't exist"],
    ]);
  });
});

describe('the hosts of regions', () => {
  const GLOBAL = 'secretmanager.googleapis.com';
  const EUROPE = 'secretmanager.europe-west1.rep.googleapis.com';
  const ASIA = 'secretmanager.asia-east1.rep.googleapis.com';
  const regional = `${PROJECT}/locations/europe-west1/secrets/a`;

  test('have the secrets of their region, and no others', async () => {
    for (const [name, send] of BOTH) {
      for (const [target, host, ok] of [
        [`${SECRETS}/a`, GLOBAL, true],
        [`${SECRETS}/a`, EUROPE, false],
        [regional, EUROPE, true],
        [regional, GLOBAL, false],
        [regional, ASIA, false],
        [`${regional}/versions`, EUROPE, true],
        [`${regional}/versions`, GLOBAL, false],
        [`${regional}:getIamPolicy`, EUROPE, true],
        [`${regional}:getIamPolicy`, ASIA, false],
        [SECRETS, EUROPE, false],
        [`${PROJECT}/locations/europe-west1/secrets`, EUROPE, true],
        [`${PROJECT}/locations/europe-west1/secrets`, GLOBAL, false],
        [`${PROJECT}/locations`, EUROPE, true],
        [`${PROJECT}/locations`, GLOBAL, true],
      ] as const) {
        const answer = await send('GET', target, undefined, host);
        assert.equal(answer.ok, ok, `${name} ${target} on ${host}: ${answer.message}`);
        if (!ok) assert.match(answer.message, /does not match the expected format \[projects\/\*/);
      }
    }
  });

  test('Resource Manager’s have the tags of their region, and nothing else of it', async () => {
    const crm = (region: string) => `${region}cloudresourcemanager.googleapis.com`;
    const of = (name: string) => `/v3/tagBindings?parent=//secretmanager.googleapis.com${name.slice('/v1'.length)}`;
    for (const [name, send] of BOTH) {
      for (const [target, host, ok] of [
        [of(`${SECRETS}/a`), crm(''), true],
        [of(`${SECRETS}/a`), crm('europe-west1-'), false],
        [of(regional), crm('europe-west1-'), true],
        [of(regional), crm('asia-east1-'), false],
        [of(regional), crm(''), false],
        ['/v3/tagKeys?parent=projects/my-project', crm(''), true],
        ['/v3/tagKeys?parent=projects/my-project', crm('europe-west1-'), false],
        ['/v3/projects/my-project', crm('europe-west1-'), false],
      ] as const) {
        const answer = await send('GET', target, undefined, host);
        assert.equal(answer.ok, ok, `${name} ${target} on ${host}: ${answer.message}`);
      }
    }
  });

  test('say what they expect', async () => {
    for (const [, send] of BOTH) {
      const { message } = await send('GET', `${regional}/versions/latest:access`, undefined, GLOBAL);
      assert.equal(
        message,
        'The provided Secret ID [projects/my-project/locations/europe-west1/secrets/a/versions/latest] ' +
          'does not match the expected format [projects/*/secrets/*/versions/*]',
      );
    }
  });
});

describe('what is made to cost time', () => {
  const invalid = 'Request contains an invalid argument.';
  const list = (filter: string) => `${SECRETS}?filter=${encodeURIComponent(filter)}`;

  test('filters are bounded in length, terms and depth', async () => {
    for (const [name, send] of BOTH) {
      for (const [filter, ok] of [
        [words(64, () => 'name:a').join(' OR '), true],
        [words(65, () => 'name:a').join(' OR '), false],
        [`${'('.repeat(16)}name:a${')'.repeat(16)}`, true],
        [`${'('.repeat(17)}name:a${')'.repeat(17)}`, false],
        [`name:${'*a'.repeat(128)}`, true],
        [`name:${'a'.repeat(257)}`, false],
        [`name:a${' '.repeat(4090)}`, true],
        [`name:a${' '.repeat(4091)}`, false],
        ['('.repeat(1_000_000), false],
        [`${'NOT '.repeat(100_000)}name:a`, false],
        ['-'.repeat(4096), true],
      ] as const) {
        const start = cpuMs();
        const { message } = await send('GET', list(filter));
        assert.equal(message, ok ? '' : invalid, `${name} ${filter.slice(0, 40)}`);
        assert.ok(cpuMs() - start < 500, filter.slice(0, 40));
      }
    }
  });

  test('a mask of very many paths is read once', async () => {
    for (const [name, send] of BOTH) {
      const start = cpuMs();
      const mask = words(50_000, (index) => (index % 2 === 0 ? 'labels' : 'name')).join(',');
      assert.equal((await send('PATCH', `${SECRETS}/a?updateMask=${mask}`)).message, '', name);
      const bad = words(50_000, (index) => `x${index}`).join(',');
      assert.equal((await send('PATCH', `${SECRETS}/a?updateMask=${bad}`)).message, invalid, name);
      assert.ok(cpuMs() - start < 1000);
    }
  });
});
