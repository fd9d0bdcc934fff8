// Case 31, and reads of `latest` at once with writes: numbers are dense and unique, and the history of adds and reads is
// that of one series of values.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertLinearizable, byKey } from '../support/linear.ts';
import { type SeriesInput, type SeriesOutput, series } from '../support/linear-models.ts';
import { CLIENTS, type Client, type Crowd, crowded, History, TIMES } from './fixture.ts';

const WRITERS = 20;
const SECRETS = 4;
const READS = 1500;
const ADDS_A_CLIENT = 3;

type Of = { readonly path: string };
type Versions = History<SeriesInput & Of, SeriesOutput>;

let crowd: Crowd;

async function add(history: Versions, client: Client, path: string, value: string): Promise<void> {
  await history.record(client.id, { kind: 'add', value, path }, async () => {
    const { status, json } = await client.ask('POST', `${path}:addVersion`, { payload: { data: btoa(value) } });
    assert.equal(status, 200, JSON.stringify(json));
    return { number: numberOf(json.name) };
  });
}

async function latest(history: Versions, client: Client, path: string): Promise<void> {
  await history.record(client.id, { kind: 'latest', path }, async () => {
    const { status, json } = await client.ask('GET', `${path}/versions/latest:access`);
    assert.equal(status, 200, JSON.stringify(json));
    return { number: numberOf(json.name), value: atob(json.payload.data) };
  });
}

function numberOf(name: string): number {
  return Number(name.split('/').at(-1));
}

/** Of the servers that `open` starts. */
export function describeVersions(title: string, open: () => Promise<Crowd>): void {
  describe(title, () => {
    before(async () => {
      crowd = await open();
    });
    after(() => crowd.close());

    test('a hundred adds at once have dense and unique numbers, in an order that could be', async () => {
      for (let round = 0; round < TIMES; round += 1) {
        const history: Versions = new History();
        const path = await crowd.secret();
        const work = async (client: Client) => {
          for (let count = 0; count < ADDS_A_CLIENT; count += 1)
            await add(history, client, path, `${client.id}.${count}`);
        };
        await Promise.all(crowd.clients.map(work));
        const numbers = history.calls.map(({ output }) => output?.number ?? 0).toSorted((a, b) => a - b);
        assert.deepEqual(
          numbers,
          Array.from({ length: CLIENTS * ADDS_A_CLIENT }, (_, index) => index + 2),
        );
        for (const probe of crowd.probes) await latest(history, probe, path);
        assertLinearizable(series({ number: 1, value: 'first' }), history.calls);
      }
    });

    test('latest is the last that was added', async () => {
      const history: Versions = new History();
      const paths = await Promise.all(Array.from({ length: SECRETS }, () => crowd.secret()));
      let count = 0;
      const work = async (client: Client) => {
        const path = paths[client.id % SECRETS] ?? '';
        if (client.id % (CLIENTS / WRITERS) === 0) await add(history, client, path, String(++count));
        else await latest(history, client, path);
      };
      await crowded(crowd.clients, work, () => history.grow(READS * TIMES));
      const parts = byKey(history.calls, ({ path }) => path);
      assert.equal(parts.size, SECRETS);
      for (const [path, calls] of parts) assertLinearizable(series({ number: 1, value: 'first' }), calls, path);
    });
  });
}
