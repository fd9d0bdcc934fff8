import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { denialBy, grantBy } from './evaluate.ts';
import { PolicyError } from './json.ts';
import type { AwsPrincipal } from './principal.ts';
import { publicStatement } from './public.ts';
import { type PolicyKind, parseAwsPolicy } from './statement.ts';

const ACCOUNT = '123456789012';
const OTHER = '999999999999';
const ARN = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:prod/db-AbCdEf`;
const BOB: AwsPrincipal = {
  account: ACCOUNT,
  arns: [`arn:aws:iam::${ACCOUNT}:user/bob`, `arn:aws:iam::${ACCOUNT}:role/bob`],
  isRoot: false,
  name: 'bob',
};
const ROOT: AwsPrincipal = { account: ACCOUNT, arns: [`arn:aws:iam::${ACCOUNT}:root`], isRoot: true };
const EVE: AwsPrincipal = { account: OTHER, arns: [`arn:aws:iam::${OTHER}:role/bob`], isRoot: false, name: 'bob' };
const NOBODY: AwsPrincipal = { arns: [], isRoot: false };

interface Asked {
  readonly principal?: AwsPrincipal;
  readonly actions?: readonly string[];
  readonly arn?: string;
  readonly others?: readonly string[];
  readonly inRegion?: (region: string) => string;
  readonly keys?: Readonly<Record<string, readonly string[]>>;
}

function question({ principal = BOB, actions, arn = ARN, others, inRegion, keys = {} }: Asked) {
  const resource = {
    arn,
    ...(others === undefined ? {} : { others }),
    ...(inRegion === undefined ? {} : { inRegion }),
  };
  return {
    ...{ principal, resource },
    actions: actions ?? ['secretsmanager:GetSecretValue'],
    attribute: (key: string) => keys[key],
  };
}

function named(statements: unknown, kind: PolicyKind, version: string) {
  const text = JSON.stringify({ Version: version, Statement: statements });
  return [{ name: '', policy: parseAwsPolicy(text, kind) }];
}

/** What policies say: the way the statement means who asks, `deny`, or `none`. */
function verdict(
  statements: unknown,
  asked: Asked = {},
  kind: PolicyKind = 'resource',
  version = '2012-10-17',
): string {
  const policies = named(statements, kind, version);
  if (denialBy(policies, question(asked)) !== undefined) return 'deny';
  return grantBy(policies, question(asked))?.meant ?? 'none';
}

const ALLOW = { Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' };
const IDENTITY = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: '*' };

function withCondition(operator: string, key: string, values: unknown, keys: Asked['keys'] = {}): string {
  return verdict({ ...ALLOW, Condition: { [operator]: { [key]: values } } }, { keys });
}

describe('whom a statement means', () => {
  const to = (principal: unknown) => ({ ...ALLOW, Principal: principal });
  for (const [what, principal, by, expected] of [
    ['anybody', '*', BOB, 'anybody'],
    ['anybody of AWS', { AWS: '*' }, EVE, 'anybody'],
    ['a user by name', { AWS: BOB.arns[0] }, BOB, 'named'],
    ['a role by name, among others', { AWS: [EVE.arns[0], BOB.arns[1]] }, BOB, 'named'],
    ['a role of that name elsewhere', { AWS: BOB.arns[1] }, EVE, 'none'],
    ['an account', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, BOB, 'account'],
    ['an account by its number', { AWS: ACCOUNT }, BOB, 'account'],
    ['an account, and it is that account', { AWS: ACCOUNT }, ROOT, 'named'],
    ['another account', { AWS: OTHER }, BOB, 'none'],
    ['a service', { Service: 'lambda.amazonaws.com' }, BOB, 'none'],
    ['a user who is nobody to AWS', { AWS: ACCOUNT }, NOBODY, 'none'],
  ] as const) {
    test(what, () => assert.equal(verdict(to(principal), { principal: by }), expected));
  }

  test('everybody but one: a grant leaves out whoever is in the account that is named', () => {
    const but = (aws: unknown) => ({ ...ALLOW, Principal: undefined, NotPrincipal: { AWS: aws } });
    assert.equal(verdict(but(BOB.arns[0])), 'none');
    assert.equal(verdict(but(BOB.arns[0]), { principal: EVE }), 'anybody');
    assert.equal(verdict(but(ACCOUNT)), 'none');
    assert.equal(verdict(but('*'), { principal: EVE }), 'none');
  });

  test('everybody but one: a denial spares an account for its root alone', () => {
    const deny = (aws: unknown) => [ALLOW, { Effect: 'Deny', NotPrincipal: { AWS: aws }, Action: '*', Resource: '*' }];
    assert.equal(verdict(deny(ACCOUNT)), 'deny');
    assert.equal(verdict(deny(ACCOUNT), { principal: ROOT }), 'anybody');
    assert.equal(verdict(deny([BOB.arns[0], ACCOUNT])), 'anybody');
    assert.equal(verdict(deny([BOB.arns[0]]), { principal: EVE }), 'deny');
    assert.equal(verdict(deny([BOB.arns[0]]), { principal: NOBODY }), 'deny');
  });
});

describe('what a statement means', () => {
  const by = (more: object) => ({ ...IDENTITY, ...more });
  for (const [what, statement, asked, expected] of [
    ['an action in other letters', { Action: 'SECRETSMANAGER:getsecretVALUE' }, {}, 'named'],
    ['a wildcard', { Action: 'secretsmanager:Get*' }, {}, 'named'],
    ['one character', { Action: 'secretsmanager:GetSecretValu?' }, {}, 'named'],
    ['another action', { Action: 'secretsmanager:PutSecretValue' }, {}, 'none'],
    ['every action', { Action: '*' }, {}, 'named'],
    ['all but others', { Action: undefined, NotAction: 'iam:*' }, {}, 'named'],
    ['all but this in other letters', { Action: undefined, NotAction: 'SecretsManager:GETSECRETVALUE' }, {}, 'none'],
    [
      'one of two actions that the request stands for',
      {},
      { actions: ['secretsmanager:GetSecretValue', 'x:Y'] },
      'none',
    ],
    ['the whole ARN', { Resource: ARN }, {}, 'named'],
    ['an ARN with six marks', { Resource: `${ARN.slice(0, -6)}??????` }, {}, 'named'],
    ['an ARN without its end', { Resource: ARN.slice(0, -7) }, {}, 'none'],
    ['an ARN in other letters', { Resource: ARN.toUpperCase().replace('ARN', 'arn') }, {}, 'none'],
    ['a prefix', { Resource: `arn:aws:secretsmanager:*:${ACCOUNT}:secret:prod/*` }, {}, 'named'],
    ['all but this resource', { Resource: undefined, NotResource: `${ARN.slice(0, -6)}*` }, {}, 'none'],
  ] as const) {
    test(what, () => assert.equal(verdict(by(statement), asked, 'identity'), expected));
  }

  test('a denial wins over every grant, and holds for every name of the resource', () => {
    const deny = (resource: string) => [
      IDENTITY,
      { Effect: 'Deny', Action: 'secretsmanager:Get*', Resource: resource },
    ];
    const elsewhere = ARN.replace('us-east-1', 'eu-west-1');
    assert.equal(verdict(deny(ARN), {}, 'identity'), 'deny');
    assert.equal(verdict(deny(ARN), { arn: elsewhere }, 'identity'), 'named');
    assert.equal(verdict(deny(ARN), { arn: elsewhere, others: [ARN] }, 'identity'), 'deny');
    const inRegion = (region: string) => ARN.replace('us-east-1', region);
    assert.equal(verdict(deny(ARN), { arn: elsewhere, inRegion }, 'identity'), 'deny');
    assert.equal(verdict(deny(ARN.replace('us-east-1', 'us-*-1')), { arn: elsewhere, inRegion }, 'identity'), 'deny');
    assert.equal(verdict(deny(ARN.replace('prod', 'test')), { arn: elsewhere, inRegion }, 'identity'), 'named');
    assert.equal(verdict(deny('*'), { actions: ['x:Y', 'secretsmanager:GetSecretValue'] }, 'identity'), 'deny');
  });

  test('a variable is what the request has, and nothing more than that', () => {
    const own = { ...IDENTITY, Resource: `arn:aws:secretsmanager:*:*:secret:\${aws:username}/*` };
    const as = (name: string, version?: string) =>
      verdict(own, { arn: ARN.replace('prod/', 'bob/'), keys: { 'aws:username': [name] } }, 'identity', version);
    assert.equal(as('bob'), 'named');
    assert.equal(as('b*'), 'none');
    assert.equal(as('?ob'), 'none');
    assert.equal(as('bob', '2008-10-17'), 'none');
    assert.equal(verdict(own, {}, 'identity'), 'none');
    const otherwise = { ...IDENTITY, Resource: `arn:aws:secretsmanager:*:*:secret:\${aws:username, 'prod'}/*` };
    assert.equal(verdict(otherwise, {}, 'identity'), 'named');
    const star = { ...IDENTITY, Resource: `arn:aws:secretsmanager:*:*:secret:prod/\${*}` };
    assert.equal(verdict(star, {}, 'identity'), 'none');
    assert.equal(verdict(star, { arn: 'arn:aws:secretsmanager:r:a:secret:prod/*' }, 'identity'), 'named');
  });
});

describe('conditions', () => {
  const ip = (...addresses: string[]) => ({ 'aws:sourceip': addresses });
  for (const [operator, key, values, keys, expected] of [
    [
      'StringEquals',
      'secretsmanager:VersionStage',
      'AWSCURRENT',
      { 'secretsmanager:versionstage': ['AWSCURRENT'] },
      true,
    ],
    [
      'stringequals',
      'SECRETSMANAGER:versionSTAGE',
      ['X', 'AWSCURRENT'],
      { 'secretsmanager:versionstage': ['AWSCURRENT'] },
      true,
    ],
    ['StringEquals', 'a:b', 'x*', { 'a:b': ['xy'] }, false],
    ['StringEquals', 'a:b', 'x', {}, false],
    ['StringEqualsIfExists', 'a:b', 'x', {}, true],
    ['StringEqualsIfExists', 'a:b', 'x', { 'a:b': ['y'] }, false],
    ['StringNotEquals', 'a:b', ['x', 'y'], { 'a:b': ['y'] }, false],
    ['StringNotEquals', 'a:b', ['x', 'y'], { 'a:b': ['z'] }, true],
    ['StringNotEquals', 'a:b', 'x', {}, true],
    ['StringEqualsIgnoreCase', 'a:b', 'TeSt', { 'a:b': ['tEsT'] }, true],
    ['StringNotEqualsIgnoreCase', 'a:b', 'TeSt', { 'a:b': ['tEsT'] }, false],
    ['StringLike', 'a:b', 'x*z', { 'a:b': ['xyyz'] }, true],
    ['StringNotLike', 'a:b', 'x*z', { 'a:b': ['xyyz'] }, false],
    ['NumericLessThanEquals', 'a:b', 7, { 'a:b': ['7'] }, true],
    ['NumericLessThan', 'a:b', '7', { 'a:b': ['7'] }, false],
    ['NumericGreaterThan', 'a:b', '7', { 'a:b': ['7.5'] }, true],
    ['NumericGreaterThanEquals', 'a:b', '7', { 'a:b': ['6'] }, false],
    ['NumericEquals', 'a:b', '7', { 'a:b': ['07'] }, true],
    ['NumericEquals', 'a:b', '7', { 'a:b': ['seven'] }, false],
    ['NumericNotEquals', 'a:b', '7', { 'a:b': ['8'] }, true],
    [
      'DateGreaterThan',
      'aws:CurrentTime',
      '2026-01-01T00:00:00Z',
      { 'aws:currenttime': ['2026-06-01T00:00:00Z'] },
      true,
    ],
    ['DateLessThan', 'aws:EpochTime', '2026-01-01', { 'aws:epochtime': ['1767225599'] }, true],
    ['DateEquals', 'a:b', '2026-01-01T00:00:00+01:00', { 'a:b': ['2025-12-31T23:00:00Z'] }, true],
    ['DateLessThanEquals', 'a:b', '2026-01-01T00:00:00Z', { 'a:b': ['never'] }, false],
    ['Bool', 'aws:SecureTransport', true, { 'aws:securetransport': ['true'] }, true],
    ['Bool', 'aws:SecureTransport', 'false', { 'aws:securetransport': ['true'] }, false],
    ['Bool', 'aws:SecureTransport', 'false', {}, false],
    ['BinaryEquals', 'a:b', 'QmluYXJ5', { 'a:b': ['QmluYXJ5'] }, true],
    ['IpAddress', 'aws:SourceIp', '203.0.113.0/24', ip('203.0.113.9'), true],
    ['IpAddress', 'aws:SourceIp', '203.0.113.0/24', ip('::ffff:203.0.113.9'), true],
    ['IpAddress', 'aws:SourceIp', '203.0.113.0/24', ip('::FFFF:203.0.114.9'), false],
    ['IpAddress', 'aws:SourceIp', '2001:db8::/32', ip('2001:db8::1'), true],
    ['IpAddress', 'aws:SourceIp', ['10.0.0.1', '2001:db8::/32'], ip('10.0.0.1'), true],
    ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', ip('2001:db8::1'), false],
    ['NotIpAddress', 'aws:SourceIp', '203.0.113.0/24', ip('::ffff:203.0.113.9'), false],
    ['NotIpAddress', 'aws:SourceIp', '203.0.113.0/24', ip('198.51.100.1'), true],
    [
      'ArnLike',
      'aws:PrincipalArn',
      'arn:aws:iam::*:role/b*',
      { 'aws:principalarn': ['arn:aws:iam::1:role/bob'] },
      true,
    ],
    ['ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::1:*', { 'aws:principalarn': ['arn:aws:iam::2:role/1:x'] }, false],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:*:bob', { 'aws:principalarn': ['arn:aws:iam::2:role:bob'] }, false],
    ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::1:*', { 'aws:principalarn': ['arn:aws:iam::1:x'] }, false],
    ['ArnNotEquals', 'aws:PrincipalArn', 'arn:aws:iam::1:*', {}, true],
    ['Null', 'a:b', 'true', {}, true],
    ['Null', 'a:b', true, { 'a:b': ['x'] }, false],
    ['Null', 'a:b', 'false', { 'a:b': ['x'] }, true],
    ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], { 'aws:tagkeys': ['a', 'b'] }, true],
    ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b'], { 'aws:tagkeys': ['a', 'c'] }, false],
    ['ForAllValues:StringEquals', 'aws:TagKeys', 'a', {}, true],
    ['ForAllValues:StringNotEquals', 'aws:TagKeys', 'a', { 'aws:tagkeys': ['b', 'a'] }, false],
    ['ForAnyValue:StringEquals', 'aws:TagKeys', 'a', { 'aws:tagkeys': ['c', 'a'] }, true],
    ['ForAnyValue:StringEquals', 'aws:TagKeys', 'a', {}, false],
    ['ForAnyValue:StringNotEquals', 'aws:TagKeys', 'a', { 'aws:tagkeys': ['a', 'b'] }, true],
    ['ForAnyValue:StringNotEquals', 'aws:TagKeys', 'a', {}, false],
    ['ForAnyValue:StringEqualsIfExists', 'aws:TagKeys', 'a', {}, true],
    ['StringEquals', 'a:b', [], { 'a:b': [''] }, false],
  ] as const) {
    test(`${operator} ${key} ${JSON.stringify(values)} of ${JSON.stringify(keys)}`, () =>
      assert.equal(withCondition(operator, key, values, keys), expected ? 'anybody' : 'none'));
  }

  test('every operator and every key must hold', () => {
    const Condition = { StringEquals: { 'a:b': 'x', 'a:c': 'y' }, Bool: { 'a:d': 'true' } };
    const whole = { 'a:b': ['x'], 'a:c': ['y'], 'a:d': ['true'] };
    assert.equal(verdict({ ...ALLOW, Condition }, { keys: whole }), 'anybody');
    for (const key of Object.keys(whole)) {
      assert.equal(verdict({ ...ALLOW, Condition }, { keys: { ...whole, [key]: ['z'] } }), 'none', key);
    }
  });
});

describe('what is no policy', () => {
  const whole = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: statement });
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  for (const [what, text, says] of [
    ['no JSON', '{', /not valid JSON/],
    ['no object', '[]', /a policy is no object/],
    ['nested without end', `{"Version":"2012-10-17","Statement":${deep}}`, /nests too deeply/],
    ['too long', whole({ ...ALLOW, Sid: 'x'.repeat(20_480) }), /20480 characters/],
    ['another version', JSON.stringify({ Version: '2019-10-19', Statement: ALLOW }), /Version/],
    ['without statements', '{"Version":"2012-10-17"}', /no Statement/],
    ['with an unknown element', whole({ ...ALLOW, Conditions: {} }), /no element "Conditions"/],
    ['with an element in other letters', whole({ ...ALLOW, condition: {} }), /no element "condition"/],
    ['with two effects', whole(ALLOW).replace('"Effect"', '"Effect":"Deny","Effect"'), /two members "Effect"/],
    [
      'with an escaped second effect',
      whole(ALLOW).replace('"Effect"', '"\\u0045ffect":"Deny","Effect"'),
      /two members/,
    ],
    ['with another effect', whole({ ...ALLOW, Effect: 'allow' }), /neither Allow nor Deny/],
    ['without a principal', whole({ ...ALLOW, Principal: undefined }), /Principal/],
    ['with both principals', whole({ ...ALLOW, NotPrincipal: '*' }), /Principal/],
    [
      'with a principal that is part of an ARN',
      whole({ ...ALLOW, Principal: { AWS: 'arn:aws:iam::*:role/x' } }),
      /no principal/,
    ],
    ['with a principal of no kind', whole({ ...ALLOW, Principal: { aws: '*' } }), /no principal/],
    ['with no principal in the list', whole({ ...ALLOW, Principal: { AWS: [] } }), /no principal/],
    ['without an action', whole({ ...ALLOW, Action: [] }), /Action is empty/],
    ['with an action of no service', whole({ ...ALLOW, Action: 'GetSecretValue' }), /no action/],
    ['with both resources', whole({ ...ALLOW, NotResource: '*' }), /either Resource or NotResource/],
    ['with a name for a resource', whole({ ...ALLOW, Resource: 'prod/db' }), /neither an ARN/],
    [
      'with an unknown operator',
      whole({ ...ALLOW, Condition: { StringEqual: { 'a:b': 'x' } } }),
      /no condition operator/,
    ],
    [
      'with a Null that may be absent',
      whole({ ...ALLOW, Condition: { NullIfExists: { 'a:b': 'true' } } }),
      /no condition operator/,
    ],
    ['with a key of no service', whole({ ...ALLOW, Condition: { StringEquals: { user: 'x' } } }), /no condition key/],
    ['with a value that is a list', whole({ ...ALLOW, Condition: { StringEquals: { 'a:b': [['x']] } } }), /values/],
    ['with a number that is none', whole({ ...ALLOW, Condition: { NumericEquals: { 'a:b': '1e9' } } }), /a number/],
    [
      'with an address that is none',
      whole({ ...ALLOW, Condition: { IpAddress: { 'a:b': '10.0.0.0/33' } } }),
      /addresses/,
    ],
    ['with a variable that is none', whole({ ...ALLOW, Resource: 'arn:aws:x:${aws:username' }), /variable/],
    [
      'with two statements of one Sid',
      JSON.stringify({
        Statement: [
          { ...ALLOW, Sid: 'a' },
          { ...ALLOW, Sid: 'a' },
        ],
      }),
      /one Sid/,
    ],
    ['with a null', whole({ ...ALLOW, Condition: null }), /null/],
  ] as const) {
    test(what, () =>
      assert.throws(
        () => parseAwsPolicy(text, 'resource'),
        (error) => error instanceof PolicyError && says.test(error.message),
      ),
    );
  }

  test('a policy of a principal names none', () => {
    assert.throws(() => parseAwsPolicy(whole(ALLOW), 'identity'), /names no Principal/);
    assert.equal(verdict({ ...IDENTITY }, {}, 'identity'), 'named');
  });
});

describe('a policy made to take long', () => {
  test('stars that go back and forth end', () => {
    const resource = `arn:${'*a'.repeat(9_000)}b`;
    const arn = `arn:${'a'.repeat(600)}`;
    assert.equal(verdict({ ...ALLOW, Resource: resource }, { arn }), 'none');
  });

  test('as many statements as fit are read and judged', () => {
    const one = { Effect: 'Deny', Principal: '*', Action: '*', NotResource: '*' };
    const many = Array.from({ length: 280 }, () => one);
    assert.equal(verdict([...many, ALLOW]), 'anybody');
  });
});

describe('what grants to the public', () => {
  const by = (more: object) =>
    publicStatement(
      parseAwsPolicy(JSON.stringify({ Version: '2012-10-17', Statement: [{ ...ALLOW, ...more }] }), 'resource'),
    );
  const held = (operator: string, key: string, values: unknown) => by({ Condition: { [operator]: { [key]: values } } });
  for (const [what, found, isPublic] of [
    ['anybody', by({}), true],
    ['anybody of AWS', by({ Principal: { AWS: ['*'] } }), true],
    ['everybody but one', by({ Principal: undefined, NotPrincipal: { AWS: ACCOUNT } }), true],
    ['an account', by({ Principal: { AWS: ACCOUNT } }), false],
    ['a denial', by({ Effect: 'Deny' }), false],
    ['an organisation', held('StringEquals', 'aws:PrincipalOrgID', 'o-1234'), false],
    ['any organisation', held('StringLike', 'aws:PrincipalOrgID', 'o-*'), true],
    ['an organisation, if there is one', held('StringEqualsIfExists', 'aws:PrincipalOrgID', 'o-1234'), true],
    ['anybody of whom nothing is said', held('ForAllValues:StringEquals', 'aws:PrincipalOrgID', 'o-1234'), true],
    ['everybody but an organisation', held('StringNotEquals', 'aws:PrincipalOrgID', 'o-1234'), true],
    ['what the caller says', held('StringEquals', 'aws:UserAgent', 'mine'), true],
    ['a stage', held('StringEquals', 'secretsmanager:VersionStage', 'AWSCURRENT'), true],
    ['an address block', held('IpAddress', 'aws:SourceIp', '10.0.0.0/8'), false],
    ['half of all addresses', held('IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '0.0.0.0/1']), true],
    ['all but an address block', held('NotIpAddress', 'aws:SourceIp', '10.0.0.0/8'), true],
    ['roles of an account', held('ArnLike', 'aws:PrincipalArn', `arn:aws:iam::${ACCOUNT}:role/*`), false],
    ['roles of any account', held('ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/admin'), true],
    ['who is named by a variable', held('StringEquals', 'aws:PrincipalAccount', `\${aws:ResourceAccount}`), true],
    ['nobody at all', held('StringEquals', 'aws:PrincipalOrgID', []), true],
  ] as const) {
    test(what, () => assert.equal(found !== undefined, isPublic));
  }
});
