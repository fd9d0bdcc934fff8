// An ordinary program of Google's Node library, over gRPC or over REST. Nothing in it knows of Coffer.

import assert from 'node:assert/strict';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';

const [, , kind, paged, held, pageSize] = process.argv;
const project = `projects/${paged}`;
const client = new SecretManagerServiceClient({ fallback: kind === 'rest' });

const [greeting] = await client.accessSecretVersion({ name: `${project}/secrets/many/versions/1` });
const data = Buffer.from(Array.from({ length: 65_536 }, (_, index) => index * 7));
const [{ name }] = await client.createSecret({
  parent: `projects/${held}`,
  secretId: `held-by-node-${kind}`,
  secret: { replication: { automatic: {} }, labels: { empty: '', full: 'x' } },
});
const [version] = await client.addSecretVersion({ parent: name, payload: { data } });
const [answer] = await client.accessSecretVersion({ name: version.name });
assert.ok(Buffer.from(answer.payload.data).equals(data));
const [secret] = await client.getSecret({ name });
assert.deepEqual({ ...secret.labels }, { empty: '', full: 'x' });

async function count(pages) {
  let found = 0;
  for await (const _ of pages) found++;
  return found;
}
const paging = { pageSize: Number(pageSize) };
const secrets = await count(client.listSecretsAsync({ parent: project, ...paging }));
const versions = await count(client.listSecretVersionsAsync({ parent: `${project}/secrets/many`, ...paging }));
const report = { greeting: Buffer.from(greeting.payload.data).toString(), held: answer.payload.data.length };
console.log(JSON.stringify({ ...report, secrets, versions }));
await client.close();
