// Case 32: of those who change a thing by the same etag exactly one wins, and the history of reads and changes is that
// of one content with one etag: no update is lost.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertLinearizable } from '../support/linear.ts';
import { type EtagInput, type EtagOutput, type Tagged, tagged } from '../support/linear-models.ts';
import { ACCESSOR, type Client, type Crowd, crowded, type Heard, History, TIMES } from './fixture.ts';

const RACES = 3;
const CALLS = 1000;

interface Thing {
  read(client: Client): Promise<Heard>;
  set(client: Client, etag: string, value: string): Promise<Heard>;
  /** Of an answer to either. */
  content(json: Heard['json']): Tagged & { readonly etag: string };
  /** What a change by an old etag is answered. */
  readonly refused: number;
}

let crowd: Crowd;

const member = (value: string) => `serviceAccount:${value}@default.iam.gserviceaccount.com`;

const THINGS: Readonly<Record<string, () => Promise<Thing>>> = {
  'a secret': async () => {
    const path = await crowd.secret();
    return {
      read: (client) => client.ask('GET', path),
      set: (client, etag, value) => client.ask('PATCH', `${path}?updateMask=labels`, { etag, labels: { value } }),
      content: ({ etag, labels }) => ({ etag, value: labels?.value ?? '' }),
      refused: 400,
    };
  },
  'the policy of a secret': async () => {
    const path = await crowd.secret();
    return {
      read: (client) => client.ask('GET', `${path}:getIamPolicy`),
      set: (client, etag, value) => {
        const bindings = [{ role: ACCESSOR, members: [member(value)] }];
        return client.ask('POST', `${path}:setIamPolicy`, { policy: { etag, bindings } });
      },
      content: ({ etag, bindings }) => ({ etag, value: bindings?.[0]?.members[0]?.replace(/^[^:]*:|@.*/g, '') ?? '' }),
      refused: 409,
    };
  },
};

type Etags = History<EtagInput, EtagOutput>;

async function see(history: Etags, thing: Thing, client: Client): Promise<string> {
  const seen = await history.record(client.id, { kind: 'read' }, async () => {
    const { status, json } = await thing.read(client);
    assert.equal(status, 200, JSON.stringify(json));
    return thing.content(json);
  });
  return seen === 'refused' ? '' : seen.etag;
}

async function set(history: Etags, thing: Thing, client: Client, etag: string, value: string): Promise<boolean> {
  const output = await history.record(client.id, { kind: 'set', etag, value }, async () => {
    const { status, json } = await thing.set(client, etag, value);
    if (status === thing.refused) return 'refused';
    assert.equal(status, 200, JSON.stringify(json));
    return thing.content(json);
  });
  return output !== 'refused';
}

/** Of the servers that `open` starts. */
export function describeEtags(title: string, open: () => Promise<Crowd>): void {
  describe(title, () => {
    before(async () => {
      crowd = await open();
    });
    after(() => crowd.close());

    for (const [name, make] of Object.entries(THINGS)) {
      test(`${name}: one of a hundred wins`, async () => {
        const thing = await make();
        const [first] = crowd.clients as [Client];
        const history: Etags = new History();
        const initial = thing.content((await thing.read(first)).json);
        for (let race = 0; race < RACES * TIMES; race += 1) {
          const etag = await see(history, thing, first);
          const racing = crowd.clients.map((client) =>
            set(history, thing, client, etag, `race${race}-client${client.id}`),
          );
          const won = (await Promise.all(racing)).filter(Boolean);
          assert.equal(won.length, 1);
        }
        await see(history, thing, first);
        assertLinearizable(tagged(initial), history.calls);
      });

      test(`${name}: no change is lost`, async () => {
        const thing = await make();
        const history: Etags = new History();
        const [first] = crowd.clients as [Client];
        const initial = thing.content((await thing.read(first)).json);
        let won = 0;
        const work = async (client: Client) => {
          const etag = await see(history, thing, client);
          if (await set(history, thing, client, etag, `value-${client.id}-${history.calls.length}`)) won += 1;
        };
        await crowded(crowd.clients, work, () => history.grow(CALLS * TIMES));
        assert.ok(won > 1, 'there were changes');
        assertLinearizable(tagged(initial), history.calls);
      });
    }
  });
}
