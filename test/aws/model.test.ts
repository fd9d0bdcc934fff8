// Every constraint of the service's model, as botocore ships it, broken one at a time: each request is refused in the words
// that the constraint is told in. And every operation of the model is either here or named as one that is not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { execute } from '../support/coffer.ts';
import { pythonVenv } from '../support/venv.ts';
import { type Json, openAws } from './fixture.ts';

/** Cross-account replicas came to AWS in 2026; the others are not there yet. */
const ABSENT = ['AssociateCrossAccountReplica', 'DisassociateCrossAccountReplica', 'ListResourcePolicies'];
/** Members of what is not there: replicas in another account. */
const LEFT_OUT = ['CrossAccountPrimaryARN'];

let aws: Awaited<ReturnType<typeof openAws>>;
let model: Json;

before(async () => {
  aws = await openAws();
  const python = await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'));
  const where = 'import botocore, os; print(os.path.dirname(botocore.__file__))';
  const { stdout } = await execute(python, ['-c', where]);
  const file = join(stdout.trim(), 'data/secretsmanager/2017-10-17/service-2.json.gz');
  model = JSON.parse(gunzipSync(readFileSync(file)).toString());
});
after(() => aws.close());

const base64 = (bytes: number) => Buffer.alloc(bytes, 'x').toString('base64');
const lower = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);

/** A value that the shape takes. */
function valid(shape: Json): Json {
  const { type, min = 0, pattern } = shape;
  switch (type) {
    case 'structure': {
      const names: readonly string[] = shape.required ?? [];
      return Object.fromEntries(names.map((name) => [name, valid(model.shapes[shape.members[name].shape])]));
    }
    case 'list':
      return Array.from({ length: Math.max(min, 1) }, () => valid(model.shapes[shape.member.shape]));
    case 'blob':
      return base64(Math.max(min, 1));
    case 'integer':
    case 'long':
      return Math.max(min, 1);
    case 'boolean':
      return true;
    default:
      if (shape.enum !== undefined) return shape.enum[0];
      return pattern?.includes('a-z]+-)+') ? 'us-east-1' : 'x'.repeat(Math.max(min, 1));
  }
}

interface Violation {
  readonly value: Json;
  readonly path: string;
  readonly constraint: string;
}

/** Values that break one constraint of the shape each, and how that is told. */
function violations(shape: Json, path: string): Violation[] {
  const { type, min, max, pattern } = shape;
  const found: Violation[] = [];
  const add = (value: Json, constraint: string) => found.push({ value, path, constraint });
  const unit = type === 'integer' || type === 'long' ? 'value' : 'length';
  const most = `Member must have ${unit} less than or equal to ${max}`;
  const least = `Member must have ${unit} greater than or equal to ${min}`;
  const sized = (size: number): Json => {
    if (type === 'list') return Array.from({ length: size }, () => valid(model.shapes[shape.member.shape]));
    if (type === 'blob') return base64(size);
    return unit === 'value' ? size : 'x'.repeat(size);
  };
  if (max !== undefined) add(sized(max + 1), most);
  if (min !== undefined && (min > 0 || unit === 'value')) add(sized(min - 1), least);
  if (pattern !== undefined)
    add('%'.repeat(Math.max(min ?? 1, 1)), `Member must satisfy regular expression pattern: ${pattern}`);
  if (shape.enum !== undefined) add('none', `Member must satisfy enum value set: [${shape.enum.join(', ')}]`);
  if (type === 'list') {
    for (const inner of violations(model.shapes[shape.member.shape], `${path}.1.member`)) {
      found.push({ ...inner, value: [inner.value] });
    }
  }
  if (type === 'structure') {
    for (const [name, { shape: member }] of Object.entries<Json>(shape.members)) {
      if (LEFT_OUT.includes(name)) continue;
      const inside = path === '' ? lower(name) : `${path}.${lower(name)}`;
      for (const inner of violations(model.shapes[member], inside)) {
        found.push({ ...inner, value: { ...valid(shape), [name]: inner.value } });
      }
    }
    for (const name of shape.required ?? []) {
      const { [name]: _left, ...value } = valid(shape);
      const inside = path === '' ? lower(name) : `${path}.${lower(name)}`;
      found.push({ value, path: inside, constraint: 'Member must not be null' });
    }
  }
  return found;
}

test('each constraint of each operation is kept, and told as AWS tells it', async () => {
  let broken = 0;
  for (const [operation, { input }] of Object.entries<Json>(model.operations)) {
    if (ABSENT.includes(operation)) continue;
    for (const { value, path, constraint } of violations(model.shapes[input.shape], '')) {
      const { status, json } = await aws.call(operation, value);
      const told = `${operation} ${path}: ${JSON.stringify(json).slice(0, 600)}`;
      assert.deepEqual([status, json.__type], [400, 'ValidationException'], told);
      assert.match(json.message, /^\d+ validation errors? detected: Value/, told);
      assert.ok(
        json.message.includes(`at '${path}' failed to satisfy constraint: ${constraint}`),
        `${told} (${constraint})`,
      );
      broken += 1;
    }
  }
  assert.ok(broken > 120, String(broken));
});

test('what is not there answers as no operation', async () => {
  for (const operation of ABSENT) {
    assert.ok(Object.hasOwn(model.operations, operation), operation);
    assert.equal((await aws.call(operation, {})).json.__type, 'UnknownOperationException', operation);
  }
});
