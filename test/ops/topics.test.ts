// Topics and subscriptions, over the real store and engine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseProjectId, parseProjectRef } from '../../src/core/name.ts';
import { DELETED_TOPIC } from '../../src/core/topic.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { setProjectPolicy } from '../../src/ops/policies.ts';
import { createProject } from '../../src/ops/projects.ts';
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
} from '../../src/ops/subscriptions.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { createTopic, deleteTopic, getTopic, listTopicSubscriptions, listTopics } from '../../src/ops/topics.ts';
import { refused } from './support.ts';
import { openWorld, type World } from './world.ts';

const project = parseProjectRef('my-project');
const other = parseProjectRef('other-project');

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  for (const id of ['my-project', 'other-project']) {
    await world.ask(createProject, { id: parseProjectId(id), displayName: '', labels: {} }, owner);
  }
});

after(() => world.close());

const topicOf = (id: string) => ({ project, id });

/** A token of a new account with one role on the project. */
async function holder(accountId: string, role: string): Promise<string> {
  const { account } = await world.ask(createAccount, { project, accountId, displayName: '', description: '' }, owner);
  const bindings = [{ role, members: [`serviceAccount:${account.email}`] }];
  await world.ask(setProjectPolicy, { project, version: 1, bindings }, owner);
  return (await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner)).token.reveal();
}

test('a topic is made once, shown, listed and deleted, each with its record', async () => {
  const made = await world.ask(createTopic, { ...topicOf('life'), labels: { team: 'a' } }, owner);
  assert.deepEqual(made.topic.labels, { team: 'a' });
  await refused('TOPIC_EXISTS', world.ask(createTopic, { ...topicOf('life'), labels: {} }, owner));
  assert.deepEqual((await world.ask(getTopic, topicOf('life'), owner)).topic, made.topic);
  await world.ask(deleteTopic, topicOf('life'), owner);
  await refused('TOPIC_NOT_FOUND', world.ask(getTopic, topicOf('life'), owner));
  await refused('TOPIC_NOT_FOUND', world.ask(deleteTopic, topicOf('life'), owner));
  const records = (await world.records()).filter(({ resource }) => resource === 'projects/my-project/topics/life');
  assert.deepEqual(
    records.map(({ operation, outcome }) => `${operation} ${outcome}`),
    [
      'topics.create allowed',
      'topics.create failed',
      'topics.get allowed',
      'topics.delete allowed',
      'topics.get failed',
      'topics.delete failed',
    ],
  );
});

test('names have bounds', async () => {
  const make = (id: string) => world.ask(createTopic, { ...topicOf(id), labels: {} }, owner);
  for (const id of ['ab', '1abc', 'googly', 'a b c', 'a/b', 'a'.repeat(256), 'abc\n', '']) {
    await refused('INVALID_FIELD', make(id));
  }
  for (const id of ['abc', 'a'.repeat(255), 'A-_.~+%9', 'Google-is-upper']) {
    await make(id);
    await world.ask(deleteTopic, topicOf(id), owner);
  }
});

test('lists come in pages, by id', async () => {
  for (const id of ['page-c', 'page-a', 'page-b'])
    await world.ask(createTopic, { project: other, id, labels: {} }, owner);
  const first = await world.ask(listTopics, { project: other, pageSize: 2, pageToken: '' }, owner);
  assert.deepEqual(
    first.topics.map(({ id }) => id),
    ['page-a', 'page-b'],
  );
  const rest = await world.ask(listTopics, { project: other, pageSize: 2, pageToken: first.nextPageToken }, owner);
  assert.deepEqual(
    rest.topics.map(({ id }) => id),
    ['page-c'],
  );
  assert.equal(rest.nextPageToken, '');
  const stolen = { project, pageSize: 2, pageToken: first.nextPageToken };
  await refused('PAGE_TOKEN_INVALID', world.ask(listTopics, stolen, owner));
});

test('a subscription outlives its topic, and a new topic of that name is not its own', async () => {
  const make = (id: string, topic: string) =>
    world.ask(createSubscription, { project, id, topic: topicOf(topic), labels: {} }, owner);
  await refused('TOPIC_NOT_FOUND', make('early', 'mortal'));
  await world.ask(createTopic, { ...topicOf('mortal'), labels: {} }, owner);
  await world.ask(createTopic, { ...topicOf('survivor'), labels: {} }, owner);
  const made = await make('sub-a', 'mortal');
  assert.equal(made.subscription.topic, 'projects/my-project/topics/mortal');
  await make('sub-b', 'mortal');
  await make('sub-c', 'survivor');
  await refused('SUBSCRIPTION_EXISTS', make('sub-a', 'survivor'));
  const ofTopic = async (id: string, pageToken = '') =>
    world.ask(listTopicSubscriptions, { ...topicOf(id), pageSize: 1, pageToken }, owner);
  const page = await ofTopic('mortal');
  assert.deepEqual(
    page.subscriptions.map(({ id }) => id),
    ['sub-a'],
  );
  const last = await ofTopic('mortal', page.nextPageToken);
  assert.deepEqual([last.subscriptions.map(({ id }) => id), last.nextPageToken], [['sub-b'], '']);
  await world.ask(deleteTopic, topicOf('mortal'), owner);
  await world.ask(createTopic, { ...topicOf('mortal'), labels: {} }, owner);
  assert.deepEqual((await ofTopic('mortal')).subscriptions, []);
  const all = await world.ask(listSubscriptions, { project, pageSize: 0, pageToken: '' }, owner);
  assert.deepEqual(
    all.subscriptions.map(({ id, topic }) => [id, topic]),
    [
      ['sub-a', DELETED_TOPIC],
      ['sub-b', DELETED_TOPIC],
      ['sub-c', 'projects/my-project/topics/survivor'],
    ],
  );
  await world.ask(deleteSubscription, { project, id: 'sub-a' }, owner);
  await refused('SUBSCRIPTION_NOT_FOUND', world.ask(getSubscription, { project, id: 'sub-a' }, owner));
});

test('a subscription to a topic of another project is refused, not half done', async () => {
  await world.ask(createTopic, { project: other, id: 'abroad', labels: {} }, owner);
  const command = { project, id: 'crossing', topic: { project: other, id: 'abroad' }, labels: {} };
  await refused('UNIMPLEMENTED', world.ask(createSubscription, command, owner));
});

test('each role does what its name says and no more', async () => {
  await world.ask(createTopic, { ...topicOf('guarded'), labels: {} }, owner);
  const subscribe = (id: string, token: string) =>
    world.ask(createSubscription, { project, id, topic: topicOf('guarded'), labels: {} }, token);
  const viewer = await holder('sees-only', 'roles/pubsub.viewer');
  await world.ask(getTopic, topicOf('guarded'), viewer);
  await refused('PERMISSION_DENIED', world.ask(createTopic, { ...topicOf('denied'), labels: {} }, viewer));
  await refused('PERMISSION_DENIED', world.ask(deleteTopic, topicOf('guarded'), viewer));
  await refused('PERMISSION_DENIED', subscribe('denied', viewer));
  const publisher = await holder('publishes', 'roles/pubsub.publisher');
  await refused('PERMISSION_DENIED', world.ask(getTopic, topicOf('guarded'), publisher));
  const subscriber = await holder('consumes', 'roles/pubsub.subscriber');
  await refused('PERMISSION_DENIED', subscribe('denied', subscriber));
  const editor = await holder('edits-it', 'roles/pubsub.editor');
  await subscribe('allowed', editor);
  await world.ask(deleteTopic, topicOf('guarded'), editor);
  const stranger = await holder('stranger', 'roles/secretmanager.admin');
  await refused('PERMISSION_DENIED', world.ask(listTopics, { project, pageSize: 0, pageToken: '' }, stranger));
  await refused('CREDENTIAL_MISSING', world.ask(listTopics, { project, pageSize: 0, pageToken: '' }));
});
