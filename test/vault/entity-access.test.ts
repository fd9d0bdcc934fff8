// Access questions about a service account that is an entity of Vault's: its policies among the answers, for those who may see.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Api, must } from '../support/api.ts';
import { APIS, type Entities, openEntities, type Person, SECRETS } from './entity-fixture.ts';
import type { VaultClient } from './fixture.ts';

let vault: VaultClient;
let owner: Api;
let ann: Person;
let ben: Person;
let all: Entities;

before(async () => {
  all = await openEntities();
  ({ vault, owner } = all);
  ann = await all.person('ann-worker');
  ben = await all.person('ben-worker');
});
beforeEach(() => all.clear());
after(() => vault.server.stop());

test('who may read, and why, is told with the policy and the entity or group, to those who may see them', async () => {
  const id = await all.entity(ann.email, { name: 'ann', policies: ['read-app'] });
  const { id: group } = (
    await vault.must('POST', 'identity/group', { name: 'plainers', policies: ['read-plain'], member_entity_ids: [id] })
  ).json.data;
  const member = `serviceAccount:${ann.email}`;
  const who = async (secret: string, api = owner) => {
    const { members } = (await must(api, 'GET', `/coffer/v1/access:who?project=default&secret=${secret}`)).json;
    return members.find((each: { member: string }) => each.member === member);
  };
  const explain = async (secret: string) =>
    (
      await must(
        owner,
        'GET',
        `/coffer/v1/access:explain?project=default&secret=${secret}&principal=${ann.email}&permission=secretmanager.versions.access`,
      )
    ).json;
  const what = async () =>
    (await must(owner, 'GET', `/coffer/v1/access:what?project=default&principal=${ann.email}`)).json;
  const byEntity = { role: 'vault policy read-app of entity ann', member, resource: 'secret/data/app/db' };
  const byGroup = { role: 'vault policy read-plain of group plainers', member, resource: 'secret/data/plain' };
  const { access, grants } = await who('app/db');
  assert.deepEqual([access, grants], ['allowed', [byEntity]]);
  assert.deepEqual((await who('plain')).grants, [byGroup]);
  assert.equal(await who('app--key'), undefined);
  const why = await explain('plain');
  assert.deepEqual([why.access, why.grants], ['allowed', [byGroup]]);
  assert.ok(['gcp', 'aws', 'azure', 'coffer', 'vault'].every((dialect) => why.dialects.includes(dialect)));
  const found = await what();
  assert.deepEqual(
    [found.access, found.grants],
    ['depends', [byGroup, { ...byEntity, resource: 'secret/data/app/*' }]],
  );
  await vault.must('POST', `identity/group/id/${group}`, { policies: ['no-app'] });
  await all.bind(member);
  const denied = await explain('app/db');
  assert.deepEqual([denied.access, denied.deniedBy], ['denied', 'vault policy no-app of group plainers']);
  assert.equal((await who('app/db')).deniedBy, 'vault policy no-app of group plainers');
  assert.equal((await what()).access, 'depends');
  await all.change(id, { disabled: true });
  assert.deepEqual([(await explain('plain')).access, (await what()).access], ['denied', 'denied']);
  assert.match((await explain('plain')).deniedBy, /entity ann, which is disabled/);
  // Whoever may see the policy of one secret alone is shown none of them.
  await all.change(id, { disabled: false });
  await all.bind();
  const bindings = [{ role: 'roles/secretmanager.admin', members: [`serviceAccount:${ben.email}`] }];
  await must(owner, 'POST', `${SECRETS}/plain:setIamPolicy`, { policy: { bindings } });
  await vault.must('POST', `identity/group/id/${group}`, { policies: ['read-plain'] });
  assert.deepEqual(await all.readers(ann, 'plain'), APIS);
  // That she did read it he may see, not why she can.
  const seen = await who('plain', ben.google);
  assert.deepEqual([seen.access, seen.grants], ['unknown', []]);
  await must(owner, 'POST', `${SECRETS}/plain:setIamPolicy`, { policy: { bindings: [] } });
});
