import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aProject, aSecret } from '../../test/contract/store-rows.ts';
import { parseProjectRef, secretKey } from '../core/name.ts';
import type { Change } from '../core/ports.ts';
import { wordsOf } from './epoch.ts';
import { KnownRows } from './known-rows.ts';

const project = aProject();
const secret = aSecret(project);
const byId = { need: 'secret', project: parseProjectRef(project.id), key: secretKey(secret.name) } as const;
const byNumber = { ...byId, project: parseProjectRef(project.number) };
const ofProject = { need: 'project', project: byId.project } as const;

function knowing() {
  const known = new KnownRows();
  known.keep(ofProject, project);
  for (const need of [byId, byNumber]) known.keep(need, secret);
  const follow = (change: Change) => known.follow(change, wordsOf(change));
  const found = () => [ofProject, byId, byNumber].map((need) => known.get(need));
  return { known, follow, found };
}

test('a secret goes along with its numbers, by whichever need it is asked for', () => {
  const { follow, found } = knowing();
  const after = { ...secret, lastVersion: 1, currentVersion: 1 };
  follow({ change: 'secret.update', secret: after, before: secret });
  follow({ change: 'secret.update', secret: aSecret(project), before: secret });
  assert.deepEqual(found(), [project, undefined, undefined], 'what does not say what it was is everything');
  const again = knowing();
  again.follow({ change: 'secret.update', secret: after, before: secret });
  assert.deepEqual(again.found(), [project, after, after]);
});

test('every secret is forgotten with any other change of one, and what says who may do what with its own', () => {
  const [one, other] = [knowing(), knowing()];
  one.follow({ change: 'secret.update', secret: { ...secret, labels: {} }, before: secret });
  assert.deepEqual(one.found(), [project, undefined, undefined]);
  other.follow({ change: 'project.update', project });
  assert.deepEqual(other.found(), [undefined, secret, secret]);
});

test('what is not there, what hangs on other rows, and what was not made is not known', () => {
  const { known, found } = knowing();
  const spelled = { ...byId, spelled: true } as const;
  known.keep(spelled, secret);
  known.keep({ ...byId, key: secretKey('none' as never) }, undefined);
  assert.deepEqual([known.get(spelled), known.get({ ...byId, deleted: true })], [undefined, undefined]);
  known.clear();
  assert.deepEqual(found(), [undefined, undefined, undefined]);
});
