import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatList, formatOne } from './print.ts';

const TABLE = 'table(name.basename():label=NAME, createTime.date():label=CREATED, kind():label=KIND)';
const transforms = { kind: (value: unknown) => Object.keys((value as { replication: object }).replication)[0] };
const secrets = [
  {
    name: 'projects/1/secrets/beta',
    createTime: '2026-01-02T03:04:05.678901Z',
    replication: { automatic: {} },
    labels: { env: 'prod', app: 'web' },
    etag: '"15abc"',
    enabled: true,
    count: '12',
  },
  { name: 'projects/1/secrets/a', createTime: '2025-12-31T00:00:00Z', replication: { userManaged: {} } },
];

function list(format?: string): Promise<string> {
  return formatList(secrets, { defaultFormat: TABLE, transforms, ...(format === undefined ? {} : { format }) });
}

test('a table has two spaces between columns and a heading of its own or of its key', async () => {
  assert.equal(
    await list(),
    'NAME  CREATED              KIND\n' +
      'beta  2026-01-02T03:04:05  automatic\n' +
      'a     2025-12-31T00:00:00  userManaged\n',
  );
  assert.equal(
    await list('table(labels.env, createTime.date(format="%Y"))'),
    'ENV   CREATED\nprod  2026\n      2025\n',
  );
});

test('a table sorts by its columns, has a box, a title, or no heading', async () => {
  assert.equal(await list('table[no-heading](name:sort=1)'), 'a\nbeta\n');
  assert.equal(await list('table[no-heading](name:sort=1:reverse)'), 'beta\na\n');
  assert.equal(
    await list('table[box,title=All](name)'),
    '+------+\n| All  |\n+------+\n| NAME |\n+------+\n| beta |\n| a    |\n+------+\n',
  );
});

test('wide characters take two columns', async () => {
  const text = await formatList(
    [
      { a: '秘密', b: 'x' },
      { a: 'abcd', b: 'y' },
    ],
    { defaultFormat: 'table(a, b)' },
  );
  assert.equal(text, 'A     B\n秘密  x\nabcd  y\n');
});

test('a key keeps what the default format says of it, and its heading is an alias; get does without', async () => {
  assert.equal(await list('value(name)'), 'beta\na\n');
  assert.equal(await list('value(NAME, KIND)'), 'beta\tautomatic\na\tuserManaged\n');
  assert.equal(await list('get(name)'), 'projects/1/secrets/beta\nprojects/1/secrets/a\n');
  assert.equal(await list('value(name.scope(secrets).upper())'), 'BETA\nA\n');
});

test('value prints maps, booleans and absent keys as gcloud does', async () => {
  assert.equal(await list('value(labels, enabled, count)'), 'app=web;env=prod\tTrue\t12\n\t\t\n');
  assert.equal(await list('value[separator="|", terminator=";"](name, count)'), 'beta|12;a|;');
});

test('csv quotes what needs it', async () => {
  const items = [
    { a: 'x,y', b: 'say "hi"' },
    { a: ' pad', b: 'plain' },
  ];
  assert.equal(await formatList(items, { defaultFormat: 'csv(a, b)' }), 'a,b\n"x,y","say ""hi"""\n" pad",plain\n');
  assert.equal(await formatList(items.slice(1), { defaultFormat: 'csv[no-heading](b)' }), 'plain\n');
});

test('json sorts keys, is a list for a list, and can be narrowed', async () => {
  assert.equal(await formatList([], { defaultFormat: 'json' }), '[]\n');
  assert.deepEqual(JSON.parse(await list('json')), secrets);
  assert.equal(
    await formatOne({ b: 1, a: { d: 2, c: 3 } }, { defaultFormat: 'json' }),
    '{\n  "a": {\n    "c": 3,\n    "d": 2\n  },\n  "b": 1\n}\n',
  );
  assert.deepEqual(JSON.parse(await list('json(labels.env)')), [{ labels: { env: 'prod' } }, {}]);
});

test('yaml quotes what a reader could take for something else', async () => {
  const text = await formatOne({ ...secrets[0], flag: 'yes', empty: '' }, { defaultFormat: 'yaml' });
  assert.equal(
    text,
    "count: '12'\ncreateTime: '2026-01-02T03:04:05.678901Z'\nempty: ''\nenabled: true\netag: '\"15abc\"'\nflag: 'yes'\n" +
      'labels:\n  app: web\n  env: prod\nname: projects/1/secrets/beta\nreplication:\n  automatic: {}\n',
  );
  const policy = { bindings: [{ members: ['user:a@b.c'], role: 'roles/viewer' }], etag: 'BwX=', version: 1 };
  assert.equal(
    await formatOne(policy, { defaultFormat: 'yaml' }),
    'bindings:\n- members:\n  - user:a@b.c\n  role: roles/viewer\netag: BwX=\nversion: 1\n',
  );
  assert.equal(await formatList([{ a: 1 }, { a: 2 }], { defaultFormat: 'yaml' }), '---\na: 1\n---\na: 2\n');
});

test('flattened, list and config', async () => {
  assert.equal(
    await formatOne({ a: ['x', 'y'], long: { b: 1 } }, { defaultFormat: 'flattened' }),
    'a[0]:   x\na[1]:   y\nlong.b: 1\n',
  );
  assert.equal(await list('list(name)'), ' - beta\n - a\n');
  assert.equal(await formatOne({ core: { project: 'p' } }, { defaultFormat: 'config' }), '[core]\nproject = p\n');
  assert.equal(await list('none'), '');
});

test('a cell stays one line and cannot drive the terminal', async () => {
  const text = await formatList([{ a: 'x\u001b[31m\ny\u009b1m\u202e' }], { defaultFormat: 'table(a)' });
  assert.equal(text, 'A\nx\\x1b[31m\\ny\\x9b1m\\u202e\n');
  const json = await formatOne({ a: 'x\u009b1m\u202e' }, { defaultFormat: 'json' });
  assert.ok(!/[\u0080-\u009f\u202e]/.test(json));
  assert.deepEqual(JSON.parse(json), { a: 'x\u009b1m\u202e' });
});

test('a format that is not understood says where', async () => {
  await assert.rejects(list('yamll'), /unknown format \[yamll\]/);
  await assert.rejects(list('table'), /needs its columns/);
  await assert.rejects(list('value(name'), /expected \) at \[the end\]/);
  await assert.rejects(list('value(name.nonsense())'), /unknown transform function nonsense/);
  await assert.rejects(list('value(name.constructor())'), /unknown transform function constructor/);
  await assert.rejects(list('value(name:colour=red)'), /an attribute that is known instead of colour/);
});
