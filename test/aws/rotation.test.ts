// Rotation by functions of AWS's shape: Python programs behind the Invoke API that call back by boto3, against a real
// PostgreSQL and a real MariaDB, and a server that is killed between two steps.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, apiOf, auditRecords, must, ownerToken } from '../support/api.ts';
import { type SigningKey, signed } from '../support/aws-sign.ts';
import { cleanEnv } from '../support/clean-env.ts';
import { execute } from '../support/coffer.ts';
import { startMariaDb, whyNoMariaDb } from '../support/mariadb.ts';
import { freePort, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { type RunningServer, scratch, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const ACCOUNT = 'rotator@rotation.iam.gserviceaccount.com';
const ACCOUNT_ID = '123456789012';
const FIRST = 'first-password-of-all';
const ALL = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
const WAIT_MS_MAX = 30_000;
const python = join(import.meta.dirname, 'python');
const root = scratch();
const hold = join(root, 'hold');

let venv: string;
let server: RunningServer;
let args: readonly string[];
let listen: string;
let key: SigningKey;
let functions: ChildProcess;
/** `NAME STEP TOKEN`, one a step. */
const begun: string[] = [];

interface Login {
  readonly engine: 'postgres' | 'mariadb';
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
  readonly username: string;
  readonly password: string;
}

before(async () => {
  venv = await pythonVenv(join(python, 'rotation-requirements.txt'));
  listen = `127.0.0.1:${await freePort()}`;
  const keyFile = join(root, 'invoker.env');
  writeFileSync(keyFile, 'AWS_ACCESS_KEY_ID=AKIAINVOKER00000000\nAWS_SECRET_ACCESS_KEY=invoker\n', { mode: 0o600 });
  // The functions' own key is made by the server that is started to make it.
  server = await startServer({ listen });
  const owner = apiOf(server, ownerToken(server));
  key = await prepareAccount(owner);
  const endpoint = await startFunctions();
  args = [`--aws-lambda-endpoint=${endpoint}`, `--aws-lambda-key-file=${keyFile}`];
  server = await server.restart({ listen, args });
});

after(async () => {
  functions?.kill('SIGKILL');
  await server?.stop();
});

async function prepareAccount(owner: Api): Promise<SigningKey> {
  await must(owner, 'POST', '/v3/projects', { projectId: 'rotation' });
  const account = { project: 'rotation', awsAccountId: ACCOUNT_ID };
  await must(owner, 'POST', '/coffer/v1/projects:setAwsAccount', account);
  await must(owner, 'POST', '/v1/projects/rotation/serviceAccounts', { accountId: 'rotator' });
  const bindings = [{ role: 'roles/secretmanager.admin', members: [`serviceAccount:${ACCOUNT}`] }];
  await must(owner, 'POST', '/v3/projects/rotation:setIamPolicy', { policy: { bindings } });
  const { json } = await must(owner, 'POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: ACCOUNT });
  return { id: json.accessKeyId, secret: json.secretAccessKey };
}

async function startFunctions(): Promise<string> {
  const file = join(python, 'rotate_database.py');
  functions = spawn(venv, ['-B', join(python, 'invoke_api.py'), `rotate=${file}`, `rotate-held=${file}`], {
    env: cleanEnv({
      ...{ AWS_ACCESS_KEY_ID: key.id, AWS_SECRET_ACCESS_KEY: key.secret, HOME: root, HOLD: hold },
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://${listen}`,
    }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  functions.once('exit', () => reject(new Error('the functions ended')));
  createInterface({ input: functions.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    if (line.startsWith('http://')) resolve(line);
    else begun.push(line);
  });
  return promise;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
async function call(operation: string, input: object): Promise<any> {
  const body = JSON.stringify(input);
  const target = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${operation}` };
  const { host, ...headers } = signed(key, { host: listen, headers: target, body, time: Date.now() });
  const answer = await fetch(`http://${host}/`, { method: 'POST', headers, body });
  const json = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(json));
  return json;
}

const token = (name: string) => name.padEnd(32, '-');
const read = async (name: string): Promise<Login> =>
  JSON.parse((await call('GetSecretValue', { SecretId: name })).SecretString);
const stepsOf = (id: string) => begun.filter((line) => line.endsWith(token(id))).map((line) => line.split(' ')[1]);

async function create(name: string, login: Login): Promise<void> {
  await call('CreateSecret', { Name: name, ClientRequestToken: token(name), SecretString: JSON.stringify(login) });
}

function rotate(name: string, id: string, held = false, more: object = {}): Promise<{ readonly VersionId: string }> {
  const arn = `arn:aws:lambda:eu-west-1:${ACCOUNT_ID}:function:${held ? 'rotate-held' : 'rotate'}`;
  const rules = { RotationRules: { AutomaticallyAfterDays: 30 } };
  return call('RotateSecret', {
    SecretId: name,
    ClientRequestToken: token(id),
    RotationLambdaARN: arn,
    ...rules,
    ...more,
  });
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `${what} in time; steps: ${begun.join(', ')}`);
    await sleep(50);
  }
}

const rotated = (name: string, id: string) =>
  until(`${name} was rotated`, async () => {
    const told = await call('DescribeSecret', { SecretId: name });
    return told.LastRotatedDate !== undefined && told.VersionIdsToStages[token(id)]?.includes('AWSCURRENT') === true;
  });

/** Whether the database takes each login, as the function would ask it. */
async function taken(...logins: readonly Login[]): Promise<readonly string[]> {
  const { stdout, stderr, code } = await execute(venv, ['-B', join(python, 'login.py')], {
    input: JSON.stringify(logins),
  });
  assert.equal(code, 0, stderr);
  return stdout.trim().split('\n');
}

for (const [engine, why] of [
  ['postgres', whyNoPostgres()],
  ['mariadb', whyNoMariaDb()],
] as const) {
  test(`a password of ${engine} is rotated, and again`, { skip: why ?? false }, async () => {
    const database =
      engine === 'postgres'
        ? await startPostgres({ user: 'rotated', password: FIRST })
        : await startMariaDb('rotated', FIRST);
    try {
      const first: Login = {
        ...{ engine, host: '127.0.0.1', port: database.port, dbname: 'coffer', username: 'rotated', password: FIRST },
      };
      await create(engine, first);
      for (const round of ['one', 'two']) {
        const id = `${engine}-${round}`;
        assert.equal((await rotate(engine, id)).VersionId, token(id));
        await rotated(engine, id);
        assert.deepEqual(stepsOf(id), ALL);
      }
      const told = await call('DescribeSecret', { SecretId: engine });
      assert.deepEqual(told.VersionIdsToStages, {
        [token(`${engine}-one`)]: ['AWSPREVIOUS'],
        [token(`${engine}-two`)]: ['AWSCURRENT', 'AWSPENDING'],
      });
      assert.equal(told.RotationEnabled, true);
      assert.deepEqual(told.RotationRules, { AutomaticallyAfterDays: 30 });
      assert.ok(told.NextRotationDate > told.LastRotatedDate);
      const now = await read(engine);
      assert.deepEqual(await taken(now, first), ['True', 'False']);
      assert.ok(!server.logs().includes(now.password) && !server.logs().includes(FIRST));
    } finally {
      await database.stop();
    }
  });
}

test('a server killed between two steps goes on at the one that was under way', {
  skip: whyNoPostgres() ?? false,
}, async () => {
  const database = await startPostgres({ user: 'rotated', password: FIRST });
  try {
    const { port } = database;
    const login = { engine: 'postgres', host: '127.0.0.1', port, dbname: 'coffer', username: 'rotated' } as const;
    await create('killed', { ...login, password: FIRST });
    writeFileSync(hold, '');
    await rotate('killed', 'killed-one', true);
    await until('setSecret began', async () => stepsOf('killed-one').includes('setSecret'));
    await server.kill();
    rmSync(hold);
    server = await server.restart({ listen, args });
    await rotated('killed', 'killed-one');
    assert.deepEqual(stepsOf('killed-one'), ['createSecret', 'setSecret', ...ALL.slice(1)]);
    assert.deepEqual(await taken(await read('killed'), { ...login, password: FIRST }), ['True', 'False']);
    const records = await auditRecords(apiOf(server, ownerToken(server)));
    const moved = records.filter(
      ({ operation, resource }) => operation === 'rotations.step' && resource.endsWith('/killed'),
    );
    assert.deepEqual(
      moved.map(({ details }) => details.rotation),
      ['stored', 'applied', 'verified', 'planned'],
    );
  } finally {
    await database.stop();
  }
});
