// AWS's own vectors, and everything of a request that a signature must hold fast.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SignedParts } from '../core/aws/signature.ts';
import { createSignatureReader } from './aws-signature.ts';

interface Vector {
  readonly name: string;
  readonly secret: string;
  readonly header: string;
  readonly query: string;
}

const file = join(import.meta.dirname, '../../test/fixtures/aws-sigv4.json');
const { vectors, scope } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[]; scope: string[] };

/** A server of HTTP never hands these on: two fields of one name come as one, and a folded line is refused. */
const NOT_RECEIVED = new Set(['get-header-key-duplicate', 'get-header-value-multiline', 'get-header-value-order']);
/** The session token was added after signing: anybody could have done that. */
const UNSIGNED_TOKEN = 'post-sts-header-after';

const reader = createSignatureReader();

function partsOf(text: string): SignedParts {
  const [head = '', ...rest] = text.split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(first) ?? [];
  const mark = target.indexOf('?');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
    body: Buffer.from(rest.join('\n\n')),
  };
}

function keyOf(secret: string): Uint8Array {
  return [...scope, 'aws4_request'].reduce<Uint8Array>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
}

function verdict(parts: SignedParts, secret: string): boolean | string {
  const read = reader.read(parts);
  if (read === undefined) return 'unsigned';
  return 'scope' in read ? reader.isSigned(read, keyOf(secret)) : read.code;
}

test("every vector of AWS's that a server can receive is signed, in the header and in the query", () => {
  for (const { name, secret, header, query } of vectors) {
    if (NOT_RECEIVED.has(name)) continue;
    const isWhole = name !== UNSIGNED_TOKEN;
    assert.equal(verdict(partsOf(header), secret), isWhole || 'InvalidSignatureException', `${name}, header`);
    assert.equal(verdict(partsOf(query), secret), isWhole, `${name}, query`);
  }
});

const vector = (name: string) => vectors.find((each) => each.name === name) as Vector;

test('no vector is signed any more once anything of it was changed', () => {
  const { secret, header, query } = vector('post-x-www-form-urlencoded');
  for (const text of [header, query]) {
    const parts = partsOf(text);
    const { headers } = parts;
    const changed: readonly SignedParts[] = [
      { ...parts, method: 'PUT' },
      { ...parts, path: '/other' },
      { ...parts, query: `${parts.query}${parts.query === '' ? '' : '&'}more=1` },
      { ...parts, body: Buffer.from('Param1=value2') },
      { ...parts, body: new Uint8Array() },
      { ...parts, headers: { ...headers, host: 'other.amazonaws.com' } },
    ];
    assert.equal(verdict(parts, secret), true);
    for (const each of changed) assert.equal(verdict(each, secret), false);
    assert.equal(verdict(parts, `${secret}x`), false);
  }
});

test('what is not in the one form is refused before anything is computed', () => {
  const { secret, header } = vector('post-x-www-form-urlencoded');
  const parts = partsOf(header);
  const authorization = parts.headers['authorization'] as string;
  const signature = /Signature=(\w+)/.exec(authorization)?.[1] as string;
  const withAuthorization = (text: string) =>
    verdict({ ...parts, headers: { ...parts.headers, authorization: text } }, secret);
  const incomplete = [
    `${authorization}, ${authorization}`,
    `${authorization}, Signature=${signature}`,
    `${authorization}, Other=1`,
    authorization.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    authorization.replace('AWS4-HMAC-SHA256', 'Bearer'),
    authorization.replace(/, Signature=.*/, ''),
    authorization.replace(signature, signature.toUpperCase()),
    authorization.replace(signature, signature.slice(1)),
    authorization.replace('/aws4_request', '/aws5_request'),
    authorization.replace('/us-east-1', '/us-east-1/x'),
    authorization.replace('/20150830', '/2015-08-30'),
    authorization.replace('AKIDEXAMPLE', '../../AKID'),
    authorization.replace(/SignedHeaders=([^,]*)/, 'SignedHeaders=x-amz-date;host'),
    authorization.replace(/SignedHeaders=([^,]*)/, 'SignedHeaders=$1;$1'),
    authorization.replace(/SignedHeaders=([^,]*)/, 'SignedHeaders='),
    authorization.replace(/SignedHeaders=/, 'SignedHeaders=Content-Type;'),
    '',
  ];
  for (const text of incomplete) assert.equal(withAuthorization(text), 'IncompleteSignatureException', text);
  for (const date of ['20150830T123600', '20151330T123600Z', '20150830T240000Z', '2015-08-30T12:36:00Z', '']) {
    const headers = { ...parts.headers, 'x-amz-date': date };
    assert.equal(verdict({ ...parts, headers }, secret), 'IncompleteSignatureException', date);
  }
  const { 'x-amz-date': _date, ...undated } = parts.headers;
  assert.equal(verdict({ ...parts, headers: undated }, secret), 'IncompleteSignatureException');
  const { authorization: _signed, ...bare } = parts.headers;
  assert.equal(verdict({ ...parts, headers: bare }, secret), 'unsigned');
  assert.equal(verdict({ ...parts, query: 'a=%E1%' }, secret), 'IncompleteSignatureException');
});

test('what says what is asked for must be signed', () => {
  const { secret, header } = vector('post-vanilla');
  const parts = partsOf(header);
  const authorization = parts.headers['authorization'] as string;
  const refused = (headers: Record<string, string | undefined>) =>
    assert.equal(verdict({ ...parts, headers }, secret), 'InvalidSignatureException');
  for (const name of ['x-amz-target', 'x-amz-security-token', 'x-amz-anything', 'content-type']) {
    refused({ ...parts.headers, [name]: 'secretsmanager.DeleteSecret' });
  }
  refused({ ...parts.headers, authorization: authorization.replace('host;', '') });
  refused({ ...parts.headers, authorization: authorization.replace('host;', 'absent;host;') });
  refused({ ...parts.headers, authorization: authorization.replace('/20150830', '/20150831') });
  assert.equal(verdict({ ...parts, headers: { ...parts.headers, 'user-agent': 'any' } }, secret), true);
});

test('a request is signed in its header or in its query, and each parameter is there once', () => {
  const { secret, header, query } = vector('get-vanilla');
  const inQuery = partsOf(query);
  const both = { ...inQuery, headers: { ...inQuery.headers, ...partsOf(header).headers } };
  const incomplete: readonly SignedParts[] = [
    both,
    { ...inQuery, query: `${inQuery.query}&X-Amz-Date=20150830T123600Z` },
    { ...inQuery, query: inQuery.query.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604801') },
    { ...inQuery, query: inQuery.query.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=0') },
    { ...inQuery, query: inQuery.query.replace(/&X-Amz-Expires=\d+/, '') },
    { ...inQuery, query: inQuery.query.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1') },
  ];
  for (const each of incomplete) assert.equal(verdict(each, secret), 'IncompleteSignatureException', each.query);
  const longer = inQuery.query.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=3601');
  assert.equal(verdict({ ...inQuery, query: longer }, secret), false);
});
