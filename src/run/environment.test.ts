import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coversOwnedName, ownsName } from '../proxy/owned-names.ts';
import { childEnvironment, type EnvironmentParts } from './environment.ts';
import { nodeOptions } from './hook-source.ts';

const PARTS: EnvironmentParts = {
  project: 'my-project',
  command: '/usr/bin/My_App.py',
  proxyUrl: 'http://run:secret@127.0.0.1:1',
  caPath: '/run/ca.pem',
  bundlePath: '/run/bundle.pem',
  hookPath: '/run/hook.cjs',
  gcloudConfigPath: '/run/gcloud',
  identities: { GCE_METADATA_HOST: '127.0.0.1:2' },
  secrets: { DB_PASSWORD: 'value' },
};

test('the child has what every client needs', () => {
  assert.deepEqual(childEnvironment({ PATH: '/bin' }, PARTS), {
    PATH: '/bin',
    https_proxy: PARTS.proxyUrl,
    HTTPS_PROXY: PARTS.proxyUrl,
    no_proxy: '127.0.0.1,localhost',
    NO_PROXY: '127.0.0.1,localhost',
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: '/run/bundle.pem',
    REQUESTS_CA_BUNDLE: '/run/bundle.pem',
    CURL_CA_BUNDLE: '/run/bundle.pem',
    SSL_CERT_FILE: '/run/bundle.pem',
    AWS_CA_BUNDLE: '/run/bundle.pem',
    VAULT_CACERT: '/run/bundle.pem',
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: '/run/bundle.pem',
    NODE_EXTRA_CA_CERTS: '/run/ca.pem',
    NODE_OPTIONS: '--require "/run/hook.cjs"',
    NODE_USE_ENV_PROXY: '1',
    GOOGLE_CLOUD_PROJECT: 'my-project',
    GCP_PROJECT: 'my-project',
    CLOUDSDK_CONFIG: '/run/gcloud',
    CLOUDSDK_CORE_PROJECT: 'my-project',
    K_SERVICE: 'my-app-py',
    K_REVISION: 'my-app-py-00001-run',
    K_CONFIGURATION: 'my-app-py',
    PORT: '8080',
    GCE_METADATA_HOST: '127.0.0.1:2',
    DB_PASSWORD: 'value',
  });
});

test('nothing that leads past the run, and nothing of Coffer, reaches the child', () => {
  const dropped = {
    COFFER_TOKEN: 'x',
    COFFER_DATA: 'x',
    COFFER_ADDR: 'x',
    coffer_anything: 'x',
    GOOGLE_APPLICATION_CREDENTIALS: 'x',
    GOOGLE_API_USE_MTLS_ENDPOINT: 'always',
    GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'x',
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'x',
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER: 'x',
    NO_GCE_CHECK: 'true',
    GCE_METADATA_TIMEOUT: '1',
    METADATA_SERVER_DETECTION: 'none',
    grpc_proxy: 'x',
    no_grpc_proxy: '*',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_PROFILE: 'x',
    AWS_WEB_IDENTITY_TOKEN_FILE: 'x',
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: 'x',
    AWS_ENDPOINT_URL_STS: 'x',
    AWS_ENDPOINT_URL_KMS: 'x',
    AWS_CONFIG_FILE: 'x',
  };
  const env = childEnvironment({ ...dropped, HOME: '/home/me', http_proxy: 'http://other' }, PARTS);
  for (const name of Object.keys(dropped)) assert.ok(!(name in env), name);
  assert.equal(env['HOME'], '/home/me');
  assert.equal(env['http_proxy'], 'http://other');
});

test("an endpoint of gcloud's stays where its host is one that this run leads to the server", () => {
  const name = 'CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER';
  const regional = 'https://secretmanager.europe-west1.rep.googleapis.com/';
  assert.equal(childEnvironment({ [name]: regional }, PARTS)[name], regional);
  const elsewhere = [
    'http://secretmanager.googleapis.com/',
    'https://secretmanager.googleapis.com:8443/',
    'https://secretmanager.googleapis.com.evil.example/',
    'https://secretmanager.googleapis.com@evil.example/',
    'https://storage.googleapis.com/',
  ];
  for (const value of elsewhere) assert.ok(!(name in childEnvironment({ [name]: value }, PARTS)), value);
});

test("the user's own service name, port and Node options stay", () => {
  const env = childEnvironment({ PORT: '9000', K_SERVICE: 'shop', NODE_OPTIONS: '--no-warnings' }, PARTS);
  assert.equal(env['PORT'], '9000');
  assert.equal(env['K_REVISION'], 'shop-00001-run');
  assert.equal(env['NODE_OPTIONS'], '--no-warnings --require "/run/hook.cjs"');
});

test("the user's proxy exemptions are merged, but for those that would cover an owned name", () => {
  const given = 'internal.example, .googleapis.com,10.0.0.0/8,com,us-east1.rep.googleapis.com,localhost,';
  const env = childEnvironment({ NO_PROXY: given }, PARTS);
  assert.equal(env['no_proxy'], '127.0.0.1,localhost,internal.example,10.0.0.0/8');
  assert.equal(childEnvironment({ no_proxy: '*' }, PARTS)['no_proxy'], '127.0.0.1,localhost');
});

test('an exemption that covers a further name of the run goes too', () => {
  const hosts = [{ name: 'vault.example.com', port: 443 }];
  const given = 'other.example, .EXAMPLE.com, vault.example.com:443,ample.com,x.vault.example.com';
  const env = childEnvironment({ no_proxy: given }, { ...PARTS, hosts });
  assert.equal(env['no_proxy'], '127.0.0.1,localhost,other.example,ample.com,x.vault.example.com');
});

test('a hook path with spaces, quotes and backslashes is one Node option', () => {
  assert.equal(nodeOptions(undefined, '/a b/"c\\d'), '--require "/a b/\\"c\\\\d"');
});

test('owned names: the services, their regional endpoints, and nothing that only looks like them', () => {
  for (const name of ['secretmanager', 'iamcredentials', 'sts', 'oauth2', 'cloudresourcemanager', 'iam']) {
    assert.ok(ownsName(`${name}.googleapis.com`), name);
    assert.ok(ownsName(`${name.toUpperCase()}.googleapis.com.`), name);
  }
  assert.ok(ownsName('secretmanager.europe-west1.rep.googleapis.com'));
  assert.ok(ownsName('us-east5-cloudresourcemanager.googleapis.com'));
  const foreign = [
    'storage.googleapis.com',
    'www.googleapis.com',
    'googleapis.com',
    'secretmanager.googleapis.com.evil.example',
    'evilsecretmanager.googleapis.com',
    'secretmanagerxgoogleapis.com',
    'sts.us-east1.rep.googleapis.com',
    'secretmanager.a.b.rep.googleapis.com',
    'cloudresourcemanager.us-east1.rep.googleapis.com',
    'us-east1-secretmanager.googleapis.com',
    'a.us-east1-cloudresourcemanager.googleapis.com',
    '-xcloudresourcemanager.googleapis.com',
    'secretmanager.googleapis.com\n',
    '',
  ];
  for (const name of foreign) assert.ok(!ownsName(name), name);
  assert.ok(coversOwnedName('*.googleapis.com'));
  assert.ok(!coversOwnedName('storage.googleapis.com'));
  assert.ok(!coversOwnedName('example.com'));
});
