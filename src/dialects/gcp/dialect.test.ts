// What belongs to this dialect: its hosts, its paths, its methods, and the form of a credential.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestHead } from '../../wire/types.ts';
import { credentialOf } from './auth.ts';
import { createGcpDialect } from './dialect.ts';
import { GCP_HOSTS, ownsGcpHost } from './hosts.ts';
import { METHODS } from './methods.ts';

const HEAD: RequestHead = {
  id: 'r',
  protocol: 'http/1.1',
  secure: false,
  method: 'GET',
  host: 'localhost',
  path: '/',
  query: '',
  headers: {},
  peer: { address: '127.0.0.1', port: 1 },
};

describe('routing', () => {
  const dialect = createGcpDialect({
    authenticate: () => assert.fail('routing asks nobody'),
    assertion: () => assert.fail('routing asks nobody'),
    bearer: () => assert.fail('routing asks nobody'),
    client: () => assert.fail('routing asks nobody'),
    call: () => assert.fail('routing calls nothing'),
  });

  test('hosts', () => {
    for (const host of [
      ...GCP_HOSTS,
      'secretmanager.europe-west1.rep.googleapis.com',
      'us-east5-cloudresourcemanager.googleapis.com',
    ])
      assert.ok(ownsGcpHost(host), host);
    for (const host of [
      'googleapis.com',
      'storage.googleapis.com',
      'secretmanager.googleapis.com.evil.example',
      'evil-secretmanager.googleapis.com',
      'secretmanager.a.b.rep.googleapis.com',
      'secretmanager..rep.googleapis.com',
      '-cloudresourcemanager.googleapis.com',
      'europe-cloudresourcemanager.googleapis.com',
      'a.europe-west1-cloudresourcemanager.googleapis.com',
      'europe-west1-cloudresourcemanager.googleapis.com.evil.example',
      'REGION-cloudresourcemanager.googleapis.com',
      'constructor',
      '__proto__',
      '',
    ]) {
      assert.ok(!ownsGcpHost(host), host);
    }
  });

  test('paths and gRPC', () => {
    const claims = (path: string, type?: string) =>
      dialect.claims({ ...HEAD, path, headers: type === undefined ? {} : { 'content-type': type } });
    for (const path of [
      '/v1/projects',
      '/v1/projects/p/secrets',
      '/v1/roles',
      '/v1/operations/x',
      '/v3/projects:search',
    ]) {
      assert.ok(claims(path), path);
    }
    for (const path of ['/v1/secret/data/a', '/v1/projectsx', '/v2/projects', '/coffer/v1/projects', '/secrets/a']) {
      assert.ok(!claims(path), path);
    }
    assert.ok(claims('/x.Y/Z', 'application/grpc'));
    assert.ok(claims('/x.Y/Z', 'application/grpc+proto'));
    assert.ok(!claims('/x.Y/Z', 'application/grpc-web'));
  });
});

describe('the handler table', () => {
  test('holds every method of every service', () => {
    const services = new Set([...METHODS.values()].map(({ desc }) => desc.parent));
    assert.ok(services.size >= 8);
    for (const service of services) {
      for (const desc of service.methods) {
        const held = METHODS.get(`/${service.typeName}/${desc.name}`)?.desc;
        // Not assert.equal: to say how two descriptors differ it would print every descriptor there is.
        assert.ok(desc.methodKind === 'unary' ? held === desc : held === undefined, desc.name);
      }
    }
    const secrets = [...METHODS.keys()].filter((path) => path.startsWith('/google.cloud.secretmanager.v1.'));
    assert.equal(secrets.length, 17);
  });
});

describe('credentials', () => {
  test('one bearer token, or a refused caller', () => {
    const of = (authorization?: string) =>
      credentialOf({ ...HEAD, headers: authorization === undefined ? {} : { authorization } });
    assert.equal(of(), undefined);
    assert.equal(of('Bearer ya29.abc-_'), 'ya29.abc-_');
    assert.equal(of('bearer  x='), 'x=');
    for (const header of [
      '',
      'Bearer',
      'Bearer ',
      'Basic eDp5',
      'ya29.abc',
      'Bearer a b',
      'Bearer a, Bearer b',
      'Bearer a,b',
    ]) {
      assert.equal(of(header), '', header);
    }
    assert.equal(of(`Bearer ${'a'.repeat(5000)}`), '');
  });
});
