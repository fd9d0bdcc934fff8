// Each JSON column takes exactly its shape.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  labelsColumn,
  policyColumn,
  projectSettingsColumn,
  replicationColumn,
  secretSettingsColumn,
  topicsColumn,
} from './columns.ts';
import type { JsonColumn } from './json.ts';

const members = '"members":["allUsers"]';
const condition = '"condition":{"title":"t","description":"","expression":"true"}';
const settings = '"tags":{"a":"b"},"versionAliases":{"prod":3},"topics":["projects/p/topics/t"]';

const columns: readonly (readonly [string, JsonColumn<object>, readonly string[], readonly string[]])[] = [
  ['labels', labelsColumn, ['{}', '{"a":"b"}'], ['', '{', 'null', '7', '[]', '{"a":1}', '{"a":null}']],
  ['topics', topicsColumn, ['[]', '["a","b"]'], ['{}', 'null', '"a"', '[1]', '["a",null]']],
  [
    'policy',
    policyColumn,
    [
      '{"bindings":[],"etag":"ACAB"}',
      `{"bindings":[{"role":"roles/viewer",${members}}],"etag":"BwAA"}`,
      `{"bindings":[{"role":"r",${members},${condition}},{"role":"r",${members}}],"etag":"BwAA"}`,
    ],
    [
      '[]',
      '{}',
      '{"bindings":[]}',
      '{"bindings":{},"etag":"x"}',
      '{"bindings":[],"etag":1}',
      '{"bindings":[],"etag":"x","more":1}',
      '{"bindings":[null],"etag":"x"}',
      '{"bindings":[{"role":"r"}],"etag":"x"}',
      '{"bindings":[{"role":"r","members":"m"}],"etag":"x"}',
      '{"bindings":[{"role":"r","members":[1]}],"etag":"x"}',
      '{"bindings":[{"role":"r","members":[],"condition":{}}],"etag":"x"}',
      '{"bindings":[{"role":"r","members":[],"condition":null}],"etag":"x"}',
      '{"bindings":[{"role":"r","members":[],"condition":{"title":"t","expression":"e"}}],"etag":"x"}',
      '{"bindings":[{"role":"r","members":[],"condition":{"title":"t","description":"","expression":1}}],"etag":"x"}',
      `{"bindings":[{"role":"r","members":[],${condition.replace('}', ',"location":""}')}}],"etag":"x"}`,
      '{"bindings":[{"role":"r","members":[],"constructor":"c"}],"etag":"x"}',
    ],
  ],
  [
    'replication',
    replicationColumn,
    [
      '{"locations":[]}',
      '{"locations":[],"kmsKey":"k"}',
      '{"locations":[{"location":"x"},{"location":"y","kmsKey":"k"}]}',
    ],
    ['{}', '{"locations":["x"]}', '{"locations":[{}]}', '{"locations":[{"location":1}]}', '{"locations":[],"x":1}'],
  ],
  [
    'secret settings',
    secretSettingsColumn,
    [`{${settings}}`, `{${settings},"versionDestroyTtlSeconds":86400,"rotationPeriodSeconds":3600}`],
    [
      '{}',
      `{${settings},"more":1}`,
      `{${settings},"versionDestroyTtlSeconds":null}`,
      `{${settings},"versionDestroyTtlSeconds":-1}`,
      `{${settings},"rotationPeriodSeconds":1.5}`,
      '{"tags":{},"versionAliases":{"a":0},"topics":[]}',
      '{"tags":{},"versionAliases":{"a":"1"},"topics":[]}',
      '{"tags":{},"versionAliases":[],"topics":[]}',
      '{"tags":{"a":1},"versionAliases":{},"topics":[]}',
      '{"tags":{},"versionAliases":{},"topics":[1]}',
      '{"tags":{},"versionAliases":{}}',
    ],
  ],
  [
    'project settings',
    projectSettingsColumn,
    ['{}', '{"accessPerMinute":0}', '{"accessPerMinute":1,"readPerMinute":2,"writePerMinute":3}'],
    ['[]', '{"accessPerMinute":"1"}', '{"accessPerMinute":-1}', '{"accessPerMinute":null}', '{"other":1}'],
  ],
];

for (const [name, column, good, bad] of columns) {
  test(`${name} are taken in their exact shape only`, () => {
    for (const text of good) assert.deepEqual(column.decode(text), JSON.parse(text), text);
    for (const text of bad) assert.equal(column.decode(text), undefined, text);
  });
}
