// What every engine behind the store port must do with secrets as AWS's API finds them: from a region, by a name or an ARN,
// by staging labels and by the tokens of requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AwsSettings, SeenFrom } from '../../src/core/aws/secret.ts';
import { AWS_POLICY_MEMBER } from '../../src/core/aws-policy/statement.ts';
import { type Location, parseProjectRef, type SecretName, secretKey } from '../../src/core/name.ts';
import type { Account, Project, Secret } from '../../src/core/secret.ts';
import { type AnyStore, anAccount, aProject, apply, aSealed, aSecret, aVersion, deletion } from './store-rows.ts';

const [east, west, north] = ['us-east-1', 'us-west-2', 'eu-north-1'] as readonly string[] as readonly [
  Location,
  Location,
  Location,
];

async function keep(store: AnyStore, project: Project, name: string, over: Partial<Secret> = {}): Promise<Secret> {
  const secret = aSecret(project, name, over);
  await apply(store, { change: 'secret.insert', secret });
  return secret;
}

const madeIn = (home: Location, over: Partial<AwsSettings> = {}) => ({ aws: { changedAt: 1, home, ...over } });

export function describeAws(use: () => AnyStore): void {
  test('policies are kept as they were put, and name nobody whose account is gone', async () => {
    const store = use();
    const project = aProject();
    await apply(store, { change: 'project.insert', project });
    const account = anAccount(project, 'named-once', {
      ...{ awsPolicies: { readers: '{"a":"é"}', b: '' }, entity: `project/${project.id}/entity/e-1` },
    });
    const other = anAccount(project, 'named-twice');
    for (const each of [account, other]) await apply(store, { change: 'account.insert', account: each });
    const accountOf = async ({ email }: Account) => (await store.read({ it: { need: 'account', email } })).it;
    assert.deepEqual([await accountOf(account), await accountOf(other)], [account, other]);
    const without = { ...anAccount(project, 'named-once'), ...account };
    delete (without as { awsPolicies?: unknown }).awsPolicies;
    delete (without as { entity?: unknown }).entity;
    await apply(store, { change: 'account.update', account: without });
    assert.deepEqual(await accountOf(account), without);

    const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
    const policy = (...AWS: string[]) => JSON.stringify({ Statement: [{ Principal: { AWS } }, { Principal: '*' }] });
    const named = await keep(store, project, 'named', { awsPolicy: policy(role('named-once'), role('named-twice')) });
    const bare = await keep(store, project, 'bare', { awsPolicy: policy(role('named-twice')) });
    const plain = await keep(store, project, 'plain');
    const policyOf = async ({ name }: Secret) => {
      const place = { project: parseProjectRef(project.id), key: secretKey(name) };
      return (await store.read({ it: { need: 'secret', ...place } })).it?.awsPolicy;
    };
    const having = async () => {
      const need = {
        need: 'secretsNaming',
        project: parseProjectRef(project.id),
        members: [AWS_POLICY_MEMBER],
      } as const;
      return (await store.read({ it: { ...need, after: '', limit: 10 } })).it.map(({ name }) => name).sort();
    };
    assert.deepEqual(await having(), ['bare', 'named']);
    await apply(store, { change: 'secret.update', secret: { ...plain, awsPolicy: policy() } });
    assert.deepEqual(await having(), ['bare', 'named', 'plain']);
    await apply(store, { ...deletion(account), awsArns: [role('named-once')], awsDeleted: 'AIDA0' });
    assert.equal(await accountOf(account), undefined);
    assert.equal(await policyOf(named), policy('AIDA0', role('named-twice')));
    assert.equal(await policyOf(bare), bare.awsPolicy);
    assert.equal(await policyOf(plain), policy());
  });

  test('a region sees its own secret, else the global one that is at home, everywhere, or a replica there', async () => {
    const store = use();
    const project = aProject();
    await apply(store, { change: 'project.insert', project });
    const anywhere = await keep(store, project, 'any/where');
    const home = await keep(
      store,
      project,
      'home',
      madeIn(east, { description: 'd', kmsKeyId: 'k', customerKey: 'id' }),
    );
    const own = await keep(store, project, 'home', { location: west });
    const copied = await keep(
      store,
      project,
      'copied',
      madeIn(east, { replicas: [{ region: west }, { region: north, problem: 'p' }] }),
    );
    const gone = await keep(store, project, 'gone', { ...madeIn(east), purgeAt: 9, deletedAt: 1 });
    for (const ref of [parseProjectRef(project.id), parseProjectRef(project.number)]) {
      const find = async (region: Location, name: string, suffix?: string) => {
        const from: SeenFrom = { region, name: name as SecretName, ...(suffix === undefined ? {} : { suffix }) };
        const place = { project: ref, key: secretKey(from.name), from };
        return (await store.read({ it: { need: 'secret', ...place } })).it?.uid;
      };
      assert.deepEqual([await find(east, 'any/where'), await find(north, 'any/where')], [anywhere.uid, anywhere.uid]);
      assert.equal(await find(east, 'any--where'), undefined);
      assert.deepEqual([await find(east, 'home'), await find(west, 'home')], [home.uid, own.uid]);
      assert.equal(await find(north, 'home'), undefined);
      assert.deepEqual([await find(west, 'copied'), await find(north, 'copied')], [copied.uid, undefined]);
      assert.equal(await find(east, 'gone'), gone.uid);
      assert.equal(await find(east, 'home', home.uid.slice(0, 6)), home.uid);
      assert.equal(await find(east, 'home', 'zzzzzz'), undefined);
      const read = await store.read({
        all: {
          need: 'secretsSeen',
          project: ref,
          region: west,
          withDeleted: true,
          order: 'oldest',
          after: 0,
          limit: 9,
        },
      });
      assert.deepEqual(
        read.all.map(({ secret }) => secret.uid),
        [anywhere.uid, own.uid, copied.uid],
      );
    }
    const { kept } = await store.read({
      kept: { need: 'secret', project: parseProjectRef(project.id), key: secretKey('home' as SecretName) },
    });
    assert.deepEqual(kept?.aws, { changedAt: 1, home: east, description: 'd', kmsKeyId: 'k', customerKey: 'id' });
  });

  test('a name that ends like an ARN is found by it, and the secret that the ARN is of comes first', async () => {
    const store = use();
    const project = aProject();
    await apply(store, { change: 'project.insert', project });
    const short = await keep(store, project, 'db', { ...madeIn(east), uid: `abcdef${'0'.repeat(26)}` });
    const long = await keep(store, project, 'db-abcdef', { ...madeIn(east), uid: `123456${'0'.repeat(26)}` });
    const other = await keep(store, project, 'db-other1', { ...madeIn(east), uid: `223456${'0'.repeat(26)}` });
    const ref = parseProjectRef(project.id);
    const find = async (name: string, suffix: string) => {
      const from: SeenFrom = { region: east, name: name as SecretName, suffix };
      return (await store.read({ it: { need: 'secret', project: ref, key: secretKey(from.name), from } })).it?.uid;
    };
    assert.equal(await find('db', 'abcdef'), short.uid);
    assert.equal(await find('db', 'other1'), other.uid);
    assert.equal(await find('db-abcdef', '123456'), long.uid);
    assert.equal(await find('db', '123456'), undefined);
  });

  test('a list goes on where it ended, either way, with the deleted ones where they are wanted', async () => {
    const store = use();
    const project = aProject();
    await apply(store, { change: 'project.insert', project });
    for (const name of ['a', 'b', 'c', 'd']) await keep(store, project, name, madeIn(east));
    await keep(store, project, 'e', { ...madeIn(east), purgeAt: 9, deletedAt: 1 });
    await keep(store, project, 'f', { location: east });
    const ref = parseProjectRef(project.id);
    const walk = async (order: 'oldest' | 'newest', withDeleted: boolean) => {
      const names: string[] = [];
      for (let after = 0; ; ) {
        const need = { need: 'secretsSeen', project: ref, region: east, withDeleted, order, after, limit: 2 } as const;
        const { page } = await store.read({ page: need });
        if (page.length === 0) return names.join('');
        names.push(...page.map(({ secret }) => secret.name));
        after = page.at(-1)?.cursor ?? 0;
      }
    };
    assert.deepEqual([await walk('oldest', false), await walk('newest', false)], ['abcdf', 'fdcba']);
    assert.deepEqual([await walk('oldest', true), await walk('newest', true)], ['abcdef', 'fedcba']);
  });

  test('a version is found by its label and by what names it, however that is written', async () => {
    const store = use();
    const project = aProject();
    await apply(store, { change: 'project.insert', project });
    const tokens = ['A"quoted" %_!\\ token of 32 characters', 'a"QUOTED" %_!\\ token of 32 characters', undefined];
    const secret = aSecret(project, 'labelled', {
      ...{ lastVersion: 3, currentVersion: 3, previousVersion: 1, candidateVersion: 2, versionAliases: { blue: 1 } },
      aws: { changedAt: 1, stages: { 'a label': 2 } },
    });
    const versions = tokens.map((requestToken, index) =>
      aVersion(
        secret,
        index + 1,
        requestToken === undefined ? {} : { attributes: { requestToken, customerKey: { name: 'id', version: 1 } } },
      ),
    );
    await apply(
      store,
      { change: 'secret.insert', secret },
      ...versions.map((version) => ({ change: 'version.insert', version, sealed: aSealed() }) as const),
    );
    const from: SeenFrom = { region: east, name: secret.name };
    const place = { project: parseProjectRef(project.id), key: secretKey(secret.name), from, number: 0 };
    const byStage = async (stage: string) =>
      (await store.read({ it: { need: 'version', ...place, stage } })).it?.number;
    const stages = ['AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING', 'blue', 'a label', 'none', '__proto__'];
    assert.deepEqual(await Promise.all(stages.map(byStage)), [3, 1, 2, 1, 2, undefined, undefined]);
    const byId = async (versionId: string) => {
      const rows = await store.read({
        version: { need: 'version', ...place, versionId },
        payload: { need: 'payload', ...place, versionId },
      });
      assert.equal(rows.payload?.version.number, rows.version?.number);
      return rows.version?.number;
    };
    const uid = versions[2]?.uid ?? '';
    const uuid = [uid.slice(0, 8), uid.slice(8, 12), uid.slice(12, 16), uid.slice(16, 20), uid.slice(20)].join('-');
    const ids = [tokens[0], tokens[1], uuid, uid, versions[0]?.uid, '%', ''].map((id) => id ?? '');
    assert.deepEqual(await Promise.all(ids.map(byId)), [1, 2, 3, ...Array(4).fill(undefined)]);
  });
}
