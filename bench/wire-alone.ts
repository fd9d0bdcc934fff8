// The listener, the router and Google's dialect without what lies behind them: a door that knows one credential's owner
// and one secret, and answers at once. On one thread, as the bare server beside it.
// Run: node bench/wire-alone.ts NAME PAYLOAD-IN-BASE64

import { crc32c } from '../src/core/crc32c.ts';
import { OWNER } from '../src/core/principal.ts';
import { Redacted } from '../src/core/redacted.ts';
import { createAuthorityDialect } from '../src/dialects/authority/dialect.ts';
import { createGcpDialect } from '../src/dialects/gcp/dialect.ts';
import { createNativeDialect } from '../src/dialects/native/dialect.ts';
import type { Door } from '../src/ops/door.ts';
import type { AccessedVersion } from '../src/ops/versions.ts';
import { createRouter } from '../src/router.ts';
import { listen } from '../src/wire/listener.ts';
import { aProject, aSecret, aVersion } from '../test/contract/store-rows.ts';

const [name = '', payloadText = ''] = process.argv.slice(2);
const payload = Buffer.from(payloadText, 'base64');
const project = aProject();
const secret = aSecret(project, name);
const version = aVersion(secret, 1, { crc32c: crc32c(payload) });
const accessed: AccessedVersion = {
  project,
  secret,
  version,
  ordinal: 1,
  payload: new Redacted<Uint8Array>(payload),
};

const door: Door = {
  authenticate: (_credential, origin) => ({
    ...origin,
    principal: OWNER,
    credential: { hash: '0123456789ab', kind: 'access' },
  }),
  bearer: (credential, origin) => door.authenticate(credential, origin),
  client: () => {
    throw new Error('nobody proves anything here');
  },
  assertion: () => {
    throw new Error('nobody signs anything here');
  },
  call: <_C, R>() => accessed as R,
};
const onError = (error: unknown) => console.error(error);
const keys = { jwks: () => [], certificates: () => ({}), freshSeconds: 0 };
const listener = await listen({
  host: '127.0.0.1',
  port: 0,
  handler: createRouter({
    dialects: [
      createNativeDialect(door, { certificatePem: () => '', onError }),
      createAuthorityDialect(door, { keys, address: () => '', tenantId: '', onError }),
      createGcpDialect(door, { onError }),
    ],
    ready: () => true,
    metrics: async () => ({ contentType: '', text: '' }),
  }),
  ready: () => true,
  onError,
  onRequest: () => {},
});
console.log(`listening on http://127.0.0.1:${listener.address.port}`);
