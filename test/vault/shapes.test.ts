// One secret through each of Vault's clients and through Google's API: what one writes the other reads to the byte, an
// object, a text and bytes that are no text, and what is read and written back stays what it was.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiOf, must } from '../support/api.ts';
import { execute } from '../support/coffer.ts';
import { nodeProject } from '../support/node-project.ts';
import { scratch } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';
import { openVault, type VaultClient } from './fixture.ts';

type Value = Readonly<Record<string, unknown>>;

interface Step {
  /** `rewrite`: what was read is written again. */
  readonly verb: 'read' | 'write' | 'rewrite';
  readonly path: string;
  readonly data?: Value;
}

let vault: VaultClient;
let python: string;
let node: string;

before(async () => {
  [python, node] = await Promise.all([
    pythonVenv(join(import.meta.dirname, 'python/requirements.txt')),
    nodeProject(join(import.meta.dirname, 'node')),
  ]);
  vault = await openVault();
});

after(() => vault.server.stop());

async function run(argv: readonly [string, ...string[]], input: string): Promise<string> {
  const [program, ...args] = argv;
  const env = { ...process.env, VAULT_ADDR: vault.server.address, VAULT_TOKEN: vault.root, HOME: scratch() };
  const result = await execute(program, args, { env, input });
  assert.equal(result.code, 0, `${argv.join(' ')}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** Each client does the steps and answers what it read. */
const CLIENTS: Readonly<Record<string, (steps: readonly Step[]) => Promise<readonly Value[]>>> = {
  hvac: async (steps) =>
    JSON.parse(await run([python, join(import.meta.dirname, 'python/kv.py')], JSON.stringify(steps))),
  'node-vault': async (steps) => JSON.parse(await run([process.execPath, join(node, 'kv.mjs')], JSON.stringify(steps))),
  bao: async (steps) => {
    const program = join(dirname(python), 'bao');
    const put = (path: string, data: Value) =>
      run([program, 'kv', 'put', '-mount=secret', path, '-'], JSON.stringify(data));
    const answers: Value[] = [];
    for (const { verb, path, data } of steps) {
      if (verb === 'write') await put(path, data ?? {});
      const read = JSON.parse(await run([program, 'kv', 'get', '-format=json', '-mount=secret', path], ''));
      const value = read.data.data as Value;
      if (verb === 'rewrite') await put(path, value);
      answers.push(value);
    }
    return answers;
  },
};

const TEXT = 'a text with "quotes", \u00fcml\u00e4ut, \u{1f511} and\na second line\n';
const BYTES = Buffer.from([0, 255, 254, 1, 128, 10, 13, 0]);
const OBJECT = { user: 'app', nested: { list: [1, true, null, 'x'] }, key: '-----BEGIN-----\n\u00df' };

for (const [name, perform] of Object.entries(CLIENTS)) {
  test(`${name} and Google's API, each way and in each shape`, async () => {
    const google = apiOf(vault.server, vault.root);
    const secret = (path: string) => `/v1/projects/default/secrets/${name}--${path}`;
    const add = (path: string, value: string | Buffer) =>
      must(google, 'POST', `${secret(path)}:addVersion`, {
        payload: { data: Buffer.from(value as string).toString('base64') },
      });
    const kept = async (path: string) => {
      const { json } = await must(google, 'GET', `${secret(path)}/versions/latest:access`);
      return { number: Number(json.name.split('/').pop()), bytes: Buffer.from(json.payload.data, 'base64') };
    };
    for (const path of ['text', 'bytes', 'object']) {
      await must(google, 'POST', `/v1/projects/default/secrets?secretId=${name}--${path}`, {
        replication: { automatic: {} },
      });
    }
    await add('text', TEXT);
    await add('bytes', BYTES);
    await add('object', `  ${JSON.stringify(OBJECT)} `);
    const at = (path: string) => `${name}--${path}`;
    const steps: Step[] = [
      { verb: 'rewrite', path: at('text') },
      { verb: 'rewrite', path: at('bytes') },
      { verb: 'rewrite', path: at('object') },
      { verb: 'write', path: `${name}/made`, data: OBJECT },
    ];
    const [text, bytes, object, made] = await perform(steps);
    assert.deepEqual(text, { value: TEXT });
    assert.deepEqual(bytes, { value: BYTES.toString('base64'), encoding: 'base64' });
    assert.deepEqual(object, OBJECT);
    assert.deepEqual(made, OBJECT);
    assert.deepEqual(await kept('text'), { number: 2, bytes: Buffer.from(TEXT) });
    assert.deepEqual(await kept('bytes'), { number: 2, bytes: BYTES });
    for (const [path, number] of [
      ['object', 2],
      ['made', 1],
    ] as const) {
      const now = await kept(path);
      assert.equal(now.number, number);
      assert.deepEqual(JSON.parse(now.bytes.toString()), OBJECT);
    }
    await add('made', 'plain');
    assert.deepEqual(await perform([{ verb: 'read', path: `${name}/made` }]), [{ value: 'plain' }]);
    await perform([{ verb: 'write', path: `${name}/made`, data: { value: 'still a text' } }]);
    assert.equal((await kept('made')).bytes.toString(), 'still a text');
  });
}
