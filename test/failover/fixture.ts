// Clients that add versions and read the last one on several servers of one store, while something happens to one of
// them or to the store. What nobody heard of is looked up afterwards; then the history of each secret must have an order.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Api, apiOf, ownerToken } from '../support/api.ts';
import { assertLinearizable, type Call } from '../support/linear.ts';
import { type Series, type SeriesInput, type SeriesOutput, series } from '../support/linear-models.ts';
import type { RunningServer } from '../support/start.ts';

const SECRETS = 3;
const CLIENTS = 12;
const ROUND_MS_MAX = 40_000;
const BASE = '/v1/projects/default/secrets';

interface Asked extends Call<SeriesInput, SeriesOutput> {
  readonly secret: number;
}

export async function must(api: Api, method: string, path: string, body?: object): Promise<Answer> {
  const answer = await api(method, path, body);
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

export class Load {
  readonly #apis: readonly Api[];
  readonly #before: Series[] = Array.from({ length: SECRETS }, () => ({ number: 1, value: 'first' }));
  #calls: Asked[] = [];
  #count = 0;

  private constructor(apis: readonly Api[]) {
    this.#apis = apis;
  }

  /** With secrets of its own; half of the clients of each server write. */
  static async open(servers: readonly RunningServer[]): Promise<Load> {
    const owner = ownerToken(servers[0] as RunningServer);
    const load = new Load(servers.map((server) => apiOf(server, owner)));
    const [api] = load.#apis as [Api];
    for (let secret = 0; secret < SECRETS; secret += 1) {
      await must(api, 'POST', `${BASE}?secretId=loaded-${secret}`, { replication: { automatic: {} } });
      await must(api, 'POST', `${pathOf(secret)}:addVersion`, { payload: { data: btoa('first') } });
    }
    return load;
  }

  /** Has all clients ask again and again while `conduct` goes on; then nobody asks any more. */
  async during(conduct: () => Promise<void>): Promise<void> {
    let isOver = false;
    const work = async (client: number) => {
      while (!isOver) this.#calls.push(await this.#ask(client));
    };
    const loops = Promise.all(Array.from({ length: CLIENTS }, (_, client) => work(client)));
    try {
      await conduct();
    } finally {
      isOver = true;
      await loops;
    }
  }

  /** Resolves once each of these servers has answered so many writes that were asked from now on. */
  async written(count: number, servers: readonly number[]): Promise<void> {
    const fromMs = performance.now();
    const answered = (server: number) =>
      this.#calls.filter(({ input, output, start, client }) => {
        return input.kind === 'add' && output !== undefined && start > fromMs && this.#serverOf(client) === server;
      }).length;
    while (!servers.every((server) => answered(server) >= count)) {
      if (performance.now() - fromMs > ROUND_MS_MAX) throw new Error('the servers do not come back');
      await sleep(5);
    }
  }

  /** Holds all that was heard since the last time against what is there now. Throws where no order explains it. */
  async check(name: string): Promise<void> {
    const calls = this.#calls;
    this.#calls = [];
    for (let secret = 0; secret < SECRETS; secret += 1) {
      const numbers = await this.#numbersOf(secret);
      const history = calls.flatMap((call): Asked[] => {
        if (call.secret !== secret) return [];
        if (call.output !== undefined) return [call];
        const number = call.input.kind === 'add' ? numbers.get(call.input.value) : undefined;
        // Nobody was told, and yet it was made, at some time until now.
        return number === undefined ? [] : [{ ...call, output: { number }, end: performance.now() }];
      });
      for (const { input, output } of history) {
        if (input.kind === 'add')
          assert.equal(numbers.get(input.value), output?.number, 'an acknowledged write is there');
      }
      assertLinearizable(series(this.#before[secret] as Series), history, `${name}, secret ${secret}`);
      const [value, number] = [...numbers].at(-1) as [string, number];
      this.#before[secret] = { number, value };
    }
  }

  /** Every server's log is whole. */
  async verify(): Promise<void> {
    for (const api of this.#apis) {
      const { json } = await must(api, 'GET', '/coffer/v1/audit:verify');
      assert.equal(json.ok, true, JSON.stringify(json));
    }
  }

  #serverOf(client: number): number {
    return Math.floor(client / 2) % this.#apis.length;
  }

  /** One call and what was heard of it, if anything. */
  async #ask(client: number): Promise<Asked> {
    const api = this.#apis[this.#serverOf(client)] as Api;
    const secret = client % SECRETS;
    this.#count += 1;
    const value = `${client}-${this.#count}`;
    const input: SeriesInput = client % 2 === 0 ? { kind: 'add', value } : { kind: 'latest' };
    const start = performance.now();
    const answer = await (input.kind === 'add'
      ? api('POST', `${pathOf(secret)}:addVersion`, { payload: { data: btoa(value) } })
      : api('GET', `${pathOf(secret)}/versions/latest:access`)
    ).catch((): Answer | undefined => undefined);
    if (answer === undefined || answer.status >= 500) return { client, secret, input, start };
    assert.equal(answer.status, 200, answer.text);
    return { client, secret, input, output: outputOf(answer, input.kind === 'latest'), start, end: performance.now() };
  }

  /** Of every version that there is, by its value. */
  async #numbersOf(secret: number): Promise<ReadonlyMap<string, number>> {
    const [api] = this.#apis as [Api];
    const last = outputOf(await must(api, 'GET', `${pathOf(secret)}/versions/latest:access`), true);
    const numbers = new Map<string, number>();
    for (let number = 1; number <= last.number; number += 1) {
      const { value = '' } = outputOf(await must(api, 'GET', `${pathOf(secret)}/versions/${number}:access`), true);
      numbers.set(value, number);
    }
    return numbers;
  }
}

function pathOf(secret: number): string {
  return `${BASE}/loaded-${secret}`;
}

function outputOf({ json }: Answer, isRead: boolean): SeriesOutput {
  const number = Number(json.name.split('/').at(-1));
  return isRead ? { number, value: atob(json.payload.data) } : { number };
}
