// Case 38, with a synchronous standby: the primary is killed under load and the standby promoted, again and again, under
// two servers. No acknowledged write is lost and no read is stale: the history of what every client heard has an order.
// COFFER_TEST_SIZE=full does it ten times.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Api, apiOf, ownerToken } from '../support/api.ts';
import { assertLinearizable, type Call } from '../support/linear.ts';
import { type SeriesInput, type SeriesOutput, series } from '../support/linear-models.ts';
import { whyNoPostgres } from '../support/postgres.ts';
import { type PostgresPair, startPostgresPair } from '../support/postgres-pair.ts';
import { type RunningServer, startServer } from '../support/start.ts';

const ROUNDS = process.env['COFFER_TEST_SIZE'] === 'full' ? 10 : 2;
const SECRETS = 3;
const CLIENTS = 12;
/** Answered writes before the kill, and after the promotion. */
const WRITES = 40;
const ROUND_MS_MAX = 30_000;

interface Asked extends Call<SeriesInput, SeriesOutput> {
  readonly secret: number;
}

let pair: PostgresPair;
let servers: readonly RunningServer[];
let apis: readonly Api[];

/** Half of those who write, and of those who read. */
const serverOf = (client: number) => Math.floor(client / 2) % servers.length;
const pathOf = (secret: number) => `/v1/projects/default/secrets/failing-${secret}`;

/** One call and what was heard of it, if anything. */
async function ask(client: number, value: string): Promise<Asked> {
  const api = apis[serverOf(client)] as Api;
  const secret = client % SECRETS;
  const input: SeriesInput = client % 2 === 0 ? { kind: 'add', value } : { kind: 'latest' };
  const start = performance.now();
  const answer = await (input.kind === 'add'
    ? api('POST', `${pathOf(secret)}:addVersion`, { payload: { data: btoa(value) } })
    : api('GET', `${pathOf(secret)}/versions/latest:access`)
  ).catch((): Answer | undefined => undefined);
  const end = performance.now();
  if (answer === undefined || answer.status >= 500) return { client, secret, input, start };
  assert.equal(answer.status, 200, answer.text);
  return { client, secret, input, output: outputOf(answer, input.kind === 'latest'), start, end };
}

function outputOf({ json }: Answer, isRead: boolean): SeriesOutput {
  const number = Number(json.name.split('/').at(-1));
  return isRead ? { number, value: atob(json.payload.data) } : { number };
}

/** Of every version that there is, by its value: what became of an add that nobody heard of. */
async function numbersOf(secret: number): Promise<ReadonlyMap<string, number>> {
  const [api] = apis as [Api];
  const last = outputOf(await must(api, 'GET', `${pathOf(secret)}/versions/latest:access`), true);
  const numbers = new Map<string, number>();
  for (let number = 1; number <= last.number; number += 1) {
    const { value = '' } = outputOf(await must(api, 'GET', `${pathOf(secret)}/versions/${number}:access`), true);
    numbers.set(value, number);
  }
  return numbers;
}

async function must(api: Api, method: string, path: string, body?: object): Promise<Answer> {
  const answer = await api(method, path, body);
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

async function until(isSo: () => boolean): Promise<void> {
  for (const endMs = performance.now() + ROUND_MS_MAX; !isSo(); await sleep(5)) {
    if (performance.now() > endMs) throw new Error('the servers do not come back');
  }
}

/** Twelve clients on both servers, through one change of the primary. */
async function failOver(round: number): Promise<readonly Asked[]> {
  const calls: Asked[] = [];
  let isOver = false;
  let count = 0;
  const work = async (client: number) => {
    while (!isOver) calls.push(await ask(client, `${round}-${client}-${++count}`));
  };
  const loops = Promise.all(Array.from({ length: CLIENTS }, (_, client) => work(client)));
  try {
    const answered = (server: number, fromMs: number) =>
      calls.filter(({ input, output, start, client }) => {
        return input.kind === 'add' && output !== undefined && start > fromMs && serverOf(client) === server;
      }).length;
    const written = (fromMs: number) => servers.every((_, server) => answered(server, fromMs) >= WRITES);
    const begunMs = performance.now();
    await until(() => written(begunMs));
    await pair.killPrimary();
    await pair.promote();
    const promotedMs = performance.now();
    await until(() => written(promotedMs));
  } finally {
    isOver = true;
    await loops;
  }
  return calls;
}

describe('a primary that is killed under two servers', { skip: whyNoPostgres() ?? false }, () => {
  before(async () => {
    pair = await startPostgresPair();
    const env = { PGPASSWORD: pair.password };
    const first = await startServer({ env, args: ['--workers=1', '--store', pair.dsn] });
    const args = ['--workers=1', '--store', pair.dsn, '--key-file', `${first.data}.key`];
    servers = [first, await startServer({ env, args })];
    const owner = ownerToken(first);
    apis = servers.map((server) => apiOf(server, owner));
    const [api] = apis as [Api];
    for (let secret = 0; secret < SECRETS; secret += 1) {
      const id = pathOf(secret).split('/').at(-1);
      await must(api, 'POST', `/v1/projects/default/secrets?secretId=${id}`, { replication: { automatic: {} } });
      await must(api, 'POST', `${pathOf(secret)}:addVersion`, { payload: { data: btoa('first') } });
    }
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await pair.stop();
  });

  test(`${ROUNDS} times: no acknowledged write is lost, no read is stale`, async () => {
    const before = Array.from({ length: SECRETS }, () => ({ number: 1, value: 'first' }));
    for (let round = 1; round <= ROUNDS; round += 1) {
      const calls = await failOver(round);
      await pair.rebuild();
      for (let secret = 0; secret < SECRETS; secret += 1) {
        const numbers = await numbersOf(secret);
        const history = calls.flatMap((call): Asked[] => {
          if (call.secret !== secret || call.input.kind !== 'add' || call.output !== undefined) {
            return call.secret === secret && call.output !== undefined ? [call] : [];
          }
          const number = numbers.get(call.input.value);
          return number === undefined ? [] : [{ ...call, output: { number }, end: performance.now() }];
        });
        for (const { input, output } of history) {
          if (input.kind === 'add') assert.equal(numbers.get(input.value), output?.number, 'an acknowledged write');
        }
        assertLinearizable(series(before[secret] as { number: number; value: string }), history, `round ${round}`);
        const [value, number] = [...numbers].at(-1) as [string, number];
        before[secret] = { number, value };
      }
    }
    const verdicts = await Promise.all(apis.map((api) => must(api, 'GET', '/coffer/v1/audit:verify')));
    for (const { json } of verdicts) assert.equal(json.ok, true, JSON.stringify(json));
  });
});
