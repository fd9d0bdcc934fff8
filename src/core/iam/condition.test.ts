import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cpuMs } from '../../../test/support/cpu.ts';
import { Fault } from '../error.ts';
import {
  CONDITION_DESCRIPTION_CHARS_MAX,
  CONDITION_EXPRESSION_CHARS_MAX,
  CONDITION_TITLE_CHARS_MAX,
} from '../limits.ts';
import { type ConditionContext, holds, parseCondition, type ResourceAttributes } from './condition.ts';

const NAME = 'projects/123456789012/secrets/prod-db/versions/latest';
const VERSION: ResourceAttributes = {
  service: 'secretmanager.googleapis.com',
  type: 'secretmanager.googleapis.com/SecretVersion',
  name: NAME,
  tags: { '123/env': 'prod', 'tagKeys/7': 'tagValues/8' },
};
/** A Monday, 08:30:15.250 UTC, 10:30 in Berlin. */
const TIME = Date.UTC(2026, 5, 1, 8, 30, 15, 250);

const condition = (expression: string) => ({ title: 't', description: '', expression });
const context = (resource: ResourceAttributes, modified?: readonly string[]): ConditionContext => ({
  time: TIME,
  resource: () => resource,
  ...(modified === undefined ? {} : { modifiedRoles: () => modified }),
});
const judge = (expression: string, resource = VERSION, modified?: readonly string[]) =>
  holds(parseCondition(condition(expression)), context(resource, modified));

/** The rule and text of the refusal. */
function refusal(expression: string): string {
  try {
    parseCondition(condition(expression));
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'CONDITION_INVALID', String(error));
    return `${error.facts['rule']}: ${error.facts['problem']}`;
  }
  return assert.fail(`taken: ${expression}`);
}

function table(cases: Readonly<Record<string, boolean>>, resource = VERSION): void {
  for (const [expression, expected] of Object.entries(cases)) {
    assert.equal(judge(expression, resource), expected, expression);
  }
}

describe('attributes', () => {
  test('of the resource', () => {
    table({
      'resource.name.startsWith("projects/123456789012/secrets/prod-")': true,
      'resource.name.startsWith("projects/123456789012/secrets/test-")': false,
      "resource.name.endsWith('/versions/latest')": true,
      'resource.type == "secretmanager.googleapis.com/SecretVersion" && resource.service != "x"': true,
      'resource.type in ["secretmanager.googleapis.com/Secret"]': false,
      'resource.name.extract("secrets/{name}/") == "prod-db"': true,
      '!resource.name.startsWith("projects/1/")': true,
      [`resource.name == "${NAME}"`]: true,
    });
  });

  test('that are not there never grant, whichever way they are asked', () => {
    const project = { type: 'cloudresourcemanager.googleapis.com/Project' };
    table(
      {
        'resource.name.startsWith("projects/")': false,
        '!resource.name.startsWith("projects/")': false,
        'resource.name != "x"': false,
        'resource.type != "secretmanager.googleapis.com/Secret" || resource.name == "x"': true,
        'resource.name == "x" || true': true,
        'resource.hasTagKey("123/env")': false,
        '"accessPolicies/1/accessLevels/x" in request.auth.access_levels': false,
        'request.path == "/"': false,
        'destination.port != 22': false,
      },
      project,
    );
  });

  test('tags, by name and by id', () => {
    table({
      'resource.hasTagKey("123/env")': true,
      'resource.matchTag("123/env", "prod")': true,
      'resource.matchTag("123/env", "test")': false,
      'resource.matchTag("constructor", "prod")': false,
      'resource.hasTagKeyId("tagKeys/7")': true,
      'resource.matchTagId("tagKeys/7", "tagValues/8")': true,
      'resource.matchTagId("tagKeys/8", "tagValues/8")': false,
    });
  });

  test('roles that a policy change touches', () => {
    const limited = 'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/a", "roles/b"])';
    assert.equal(judge(limited, VERSION, ['roles/a']), true);
    assert.equal(judge(limited, VERSION, ['roles/a', 'roles/b']), true);
    assert.equal(judge(limited, VERSION, ['roles/a', 'roles/owner']), false);
    assert.equal(judge(limited, VERSION, []), true);
    assert.equal(judge(limited), true, 'a request that changes no policy has the default');
    assert.equal(judge('api.getAttribute("x", "none") == "none"'), true);
    assert.equal(judge('api.getAttribute("constructor", []).hasOnly([1])'), true);
    const broken = {
      ...context(VERSION),
      modifiedRoles: () => {
        throw new Fault('ROLE_UNKNOWN', { role: 'x' });
      },
    };
    assert.equal(holds(condition(limited), broken), false, 'bindings that cannot be set allow nothing');
  });
});

describe('time', () => {
  test('compared, and moved by durations', () => {
    table({
      'request.time < timestamp("2026-06-01T08:30:15.251Z")': true,
      'request.time < timestamp("2026-06-01T10:30:15.250+02:00")': false,
      'request.time >= timestamp("2026-06-01T08:30:15.250Z")': true,
      'request.time == timestamp("2026-06-01T08:30:15.250Z")': true,
      'request.time > date("2026-06-01")': true,
      'request.time < date("2026-06-01") + duration("86400s")': true,
      'request.time - duration("5184000s") < date("2026-04-03")': true,
      'request.time - date("2026-06-01") > duration("8h")': true,
    });
  });

  test('by the calendar of a place', () => {
    table({
      'request.time.getFullYear() == 2026 && request.time.getMonth() == 5': true,
      'request.time.getDate() == 1 && request.time.getDayOfMonth() == 0': true,
      'request.time.getDayOfWeek() == 1': true,
      'request.time.getDayOfYear() == 151': true,
      'request.time.getHours() == 8 && request.time.getMinutes() == 30': true,
      'request.time.getSeconds() == 15 && request.time.getMilliseconds() == 250': true,
      'request.time.getHours("Europe/Berlin") == 10': true,
      'request.time.getHours("-09:00") == 23 && request.time.getDayOfWeek("-09:00") == 0': true,
      'timestamp("2024-12-31T23:00:00Z").getDayOfYear("Europe/Berlin") == 0': true,
      'timestamp("2026-03-29T01:30:00Z").getHours("Europe/Berlin") == 3': true,
    });
  });

  test('that cannot be read can be set, as with the real service, and never grants', () => {
    table({
      'request.time < timestamp("tomorrow")': false,
      'request.time > timestamp("tomorrow")': false,
      'request.time > date("2026-02-30")': false,
      'request.time > date("26-02-03")': false,
      'request.time.getHours("Mars/Olympus") < 24': false,
      'request.time < timestamp("9999-12-31T23:59:59Z") + duration("10000000000s")': false,
    });
  });
});

test('extract() as the reference page shows it', () => {
  const name = 'projects/_/buckets/acme-orders-aaa/objects/data_lake/orders/order_date=2019-11-03/aef87g87ae0876';
  for (const [template, expected] of [
    ['/order_date={date}/', '2019-11-03'],
    ['buckets/{name}/', 'acme-orders-aaa'],
    ['/orders/{empty}order_date', ''],
    ['{start}/objects/data_lake', 'projects/_/buckets/acme-orders-aaa'],
    ['orders/{end}', 'order_date=2019-11-03/aef87g87ae0876'],
    ['{all}', name],
    ['/orders/{none}/order_date=', ''],
    ['/orders/order_date=2019-11-03/{id}/data_lake', ''],
  ] as const) {
    assert.equal(judge(`resource.name.extract("${template}") == "${expected}"`, { name }), true, template);
  }
  assert.equal(judge('date(resource.name.extract("order_date={d}/")) < date("2020-01-01")', { name }), true);
});

test('logic: an error gives way to what decides without it', () => {
  table({
    true: true,
    '1 < 2': true,
    'false || resource.type == "x" || true': true,
    'request.path == "x" && false': false,
    'request.path == "x" || true': true,
    'request.path == "x" || false': false,
    '1 / 0 == 1': false,
    '9223372036854775807 + 1 > 0': false,
    'resource.type == "x" ? true : 2 + 3 * 4 % 5 - 1 == 3': true,
  });
});

describe('refused when it is set', () => {
  test('what does not parse, with the place', () => {
    assert.equal(refusal('1 <'), 'ConditionCompileCheck: ERROR: Parse expression:1:2: syntax error');
    assert.equal(refusal('true ||\n  a b'), 'ConditionCompileCheck: ERROR: Parse expression:2:4: syntax error');
    for (const text of ['', ' ', 'true=false', '(;)', '"open', '`a`', '// comment', '"\\u{1}"', '\u0000', '\ud800']) {
      assert.match(refusal(text), /^ConditionCompileCheck: ERROR: Parse expression:\d+:\d+: syntax error$/, text);
    }
  });

  test('names that IAM does not have', () => {
    assert.equal(
      refusal('principal.type == "x"'),
      "ConditionCompileCheck: ERROR: expression:1:0: undeclared reference to 'principal' (in container '')",
    );
    for (const text of [
      'resource.owner == ""',
      'resource.tags == 1',
      'request.auth.claims == 1',
      'resource.name.x == 1',
    ]) {
      assert.match(refusal(text), /undefined field '\w+'/, text);
    }
    for (const text of [
      'resource.name.matches("a")',
      'resource.name.contains("a")',
      'size(resource.name) > 1',
      'string(1) == "1"',
      'dyn(1) == 1',
      'constructor() == 1',
      'resource.name.toString() == 1',
      'resource.name.size() > 1',
    ]) {
      assert.match(refusal(text), /undeclared reference to '\w+'/, text);
    }
  });

  test('macros, maps, messages, indexes, and literals of other types', () => {
    for (const text of [
      '[1].all(x, x > 0)',
      '[1].exists(x, x > 0)',
      '[1].map(x, x) == []',
      'has(resource.name)',
      '{"a": 1} == {"a": 1}',
      'google.protobuf.Timestamp{} == request.time',
      '["a"][0] == "a"',
      'b"a" == b"a"',
      '1u == 1u',
      'null == null',
      '9223372036854775808 > 0',
    ]) {
      assert.match(refusal(text), /^ConditionCompileCheck: ERROR: expression:/, text);
    }
  });

  test('types that do not meet', () => {
    assert.match(
      refusal('request.time < "2030"'),
      /no matching overload for '_<_' applied to '\(timestamp, string\)'$/,
    );
    assert.match(refusal('resource.name'), /is of type 'string', it must be of type 'bool'$/);
    for (const text of [
      '1 == "1"',
      '1 && true',
      '!1',
      'resource == resource',
      'request in []',
      '1 in ["a"]',
      '[1, "a"] == [1]',
      'true ? 1 : "a"',
      'resource.name.startsWith(1)',
      'resource.name.startsWith()',
      'resource.startsWith("a")',
      'timestamp(1) < request.time',
      'request.time.getHours(1) == 1',
      'resource.matchTag("a")',
      'request.matchTag("a", "b")',
      'resource.getAttribute("a", 1) == 1',
      'api.getAttribute(resource.name, []) == []',
      'resource.name.hasOnly(["a"])',
    ]) {
      assert.match(refusal(text), /^ConditionCompileCheck/, text);
    }
    assert.match(refusal('resource.name.extract("no template") == ""'), /takes a template/);
    assert.match(refusal('resource.name.extract(resource.type) == ""'), /takes a template/);
  });

  test("by IAM's own rules, in its words", () => {
    const or = (count: number) => Array.from({ length: count + 1 }, (_, i) => `${i}<${i + 1}`).join(' || ');
    assert.equal(judge(or(12)), true);
    assert.equal(refusal(or(13)), 'ConditionComplexityCheck: Logical operators count must not be more than 12');
    assert.match(refusal(`${or(11)} && !(1 < 2) && true`), /^ConditionComplexityCheck/, 'a negation counts');
    const roles = (count: number) => JSON.stringify(Array.from({ length: count }, (_, i) => `r${i}`));
    assert.equal(judge(`api.getAttribute("somekey", []).hasOnly(${roles(10)})`), true);
    assert.equal(
      refusal(`api.getAttribute("somekey", []).hasOnly(${roles(11)})`),
      'HasOnlyListLengthCheck: The list argument to hasOnly() cannot have more than 10 elements',
    );
    assert.match(refusal('api.getAttribute("k", []).hasOnly(["v", resource.name])'), /^HasOnlyListConstCheck: /);
    assert.match(
      refusal('api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", ["roles/viewer"]).hasOnly(["a"])'),
      /^DrgGetAttributeDefaultValueCheck: .* can only accept empty list \('\[\]'\) as default value\.$/,
    );
  });

  test('titles and descriptions', () => {
    const set = (title: string, description: string) => parseCondition({ title, description, expression: 'true' });
    assert.ok(set('t'.repeat(CONDITION_TITLE_CHARS_MAX), 'd'.repeat(CONDITION_DESCRIPTION_CHARS_MAX)));
    for (const [title, description] of [
      ['', ''],
      ['t'.repeat(CONDITION_TITLE_CHARS_MAX + 1), ''],
      ['t', 'd'.repeat(CONDITION_DESCRIPTION_CHARS_MAX + 1)],
    ] as const) {
      assert.throws(() => set(title, description), { code: 'POLICY_INVALID' });
    }
  });
});

describe('hostile expressions', () => {
  const longest = (text: string) => text.slice(0, CONDITION_EXPRESSION_CHARS_MAX);

  test('length, at the limit and above', () => {
    const exactly = `"${'a'.repeat(CONDITION_EXPRESSION_CHARS_MAX - 8)}" > ""`;
    assert.equal(exactly.length, CONDITION_EXPRESSION_CHARS_MAX - 1);
    assert.equal(judge(`${exactly} `), true);
    assert.match(refusal(`${exactly}  `), /^ConditionComplexityCheck: the expression has more than 4096 characters$/);
  });

  test('built to cost time: each is refused within it', () => {
    const started = cpuMs();
    for (const text of [
      '('.repeat(2000) + ')'.repeat(2000),
      `${'('.repeat(2000)}true${')'.repeat(2000)}`,
      `${'['.repeat(1000)}1${']'.repeat(1000)} == []`,
      `${'{1:'.repeat(900)}1${'}'.repeat(900)} == 1`,
      `${'!('.repeat(1000)}true${')'.repeat(1000)}`,
      `${'true ? true : '.repeat(250)}true`,
      `${'true && '.repeat(500)}true`,
      `${'"a" + '.repeat(600)}"a" == "a"`,
      `${'1 < '.repeat(1000)}1`,
      `1 in [${'1,'.repeat(2000)}1]`,
      `resource${'.name'.repeat(800)} == ""`,
      `${'timestamp('.repeat(300)}"x"${')'.repeat(300)} < request.time`,
      `${'[1].all(x, '.repeat(300)}true${')'.repeat(300)}`,
      `${'has(a.'.repeat(500)}b${')'.repeat(500)}`,
      "'".repeat(4096),
      '\\'.repeat(4096),
      `"${'\\'.repeat(4000)}`,
      `${'9'.repeat(4000)} == 1`,
    ]) {
      assert.match(refusal(longest(text)), /^Condition/, text.slice(0, 40));
    }
    assert.ok(cpuMs() - started < 5000, 'within seconds in all');
  });

  test('the dearest that is taken is cheap to judge', () => {
    const zones = ['Europe/Berlin', 'America/Los_Angeles', 'Asia/Tokyo', '+01:00'];
    const term = (i: number) =>
      `request.time.getHours("${zones[i % 4]}") + ${i} >= request.time.getMinutes("UTC") - 60`;
    const dear = condition(Array.from({ length: 13 }, (_, i) => term(i)).join(' && '));
    assert.equal(holds(parseCondition(dear), context(VERSION)), true);
    const started = cpuMs();
    for (let i = 0; i < 1000; i++) holds(dear, context(VERSION));
    assert.ok(cpuMs() - started < 1000, 'under a millisecond each');
  });

  test('any text is a condition or a fault, and judging it answers', () => {
    const word = fc.constantFrom(
      ...['resource.name', 'request.time', 'resource', '"a"', '1', '==', '&&', '||', '!', '(', ')', '[', ']', ',', '<'],
      ...[
        '.startsWith(',
        '.getHours(',
        'timestamp(',
        'duration("1s")',
        '?',
        ':',
        '+',
        '-',
        'in',
        'true',
        '{',
        '}',
        '.',
      ],
    );
    const unit = fc.nat(0x10ffff).map((code) => String.fromCodePoint(code));
    const text = fc.oneof(
      fc.string({ unit, maxLength: 60 }),
      fc.array(word, { maxLength: 14 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (expression) => {
        try {
          parseCondition(condition(expression));
        } catch (error) {
          assert.ok(error instanceof Fault && error.code === 'CONDITION_INVALID', String(error));
          assert.equal(holds(condition(expression), context(VERSION)), false);
          return;
        }
        assert.equal(typeof holds(condition(expression), context(VERSION)), 'boolean');
      }),
      { numRuns: 1500 },
    );
  });
});
