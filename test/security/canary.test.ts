// RELIABILITY case 25: payloads that pass through every operation, and every mistake, are found nowhere afterwards: not
// in logs, errors, metrics or audit, and not in any file of the data directory, also not encoded.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Api, apiOf, auditRecords, must, ownerToken } from '../support/api.ts';
import { coffer } from '../support/coffer.ts';
import { startServer } from '../support/start.ts';

const SECRETS = '/v1/projects/default/secrets';
const AZURE = '/secrets/azure?api-version=7.4';
const canaries = Array.from({ length: 50 }, (_, index) => `canary-${index}-d41d8cd98f00b204e9800998ecf8427e`);

function forms(value: string): string[] {
  const bytes = Buffer.from(value);
  // Base64 of the middle, whatever came before it: the three alignments without their edges.
  const aligned = [0, 1, 2].map((skip) =>
    bytes.subarray(skip, bytes.length - ((bytes.length - skip) % 3)).toString('base64'),
  );
  return [value, bytes.toString('hex'), encodeURIComponent(value), ...aligned];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path);
    return stat.isDirectory() ? filesBelow(path) : stat.isFile() ? [path] : [];
  });
}

/** A client secret, the token that was had by it and one that was narrowed, and a backup of a secret. */
async function credentials(api: Api, address: string): Promise<string[]> {
  const serviceAccount = 'client@default.iam.gserviceaccount.com';
  await must(api, 'POST', '/v1/projects/default/serviceAccounts', { accountId: 'client' });
  const { json: made } = await must(api, 'POST', '/coffer/v1/accountKeys:createSecret', { serviceAccount });
  const form = {
    grant_type: 'client_credentials',
    client_id: made.clientId,
    scope: 'https://vault.azure.net/.default',
  };
  const ask = async (client_secret: string) => {
    const body = new URLSearchParams({ ...form, client_secret });
    const answer = await fetch(`${address}/adfs/oauth2/token`, { method: 'POST', body });
    return (await answer.json()) as { access_token?: string };
  };
  const { access_token: token = '' } = await ask(made.clientSecret);
  assert.match(token, /^eyJ/);
  assert.equal((await ask(`${made.clientSecret}x`)).access_token, undefined);
  const { json: other } = await must(api, 'POST', '/coffer/v1/tokens:generate', { serviceAccount });
  const { json: backup } = await must(api, 'POST', '/secrets/azure/backup?api-version=7.4', {});
  return [made.clientSecret, token, other.accessToken, backup.value];
}

test('no payload is left anywhere after a run of everything', async () => {
  const server = await startServer({ env: { COFFER_LOG_LEVEL: 'trace' } });
  const answers: string[] = [];
  const secrets: string[] = [];
  try {
    const api = apiOf(server, ownerToken(server));
    await must(api, 'POST', `${SECRETS}?secretId=canaries`, { replication: { automatic: {} } });
    for (const canary of canaries) {
      const data = Buffer.from(canary).toString('base64');
      await must(api, 'POST', `${SECRETS}/canaries:addVersion`, { payload: { data } });
      const wrong = [
        api('POST', `${SECRETS}/canaries:addVersion`, { payload: { data, dataCrc32c: '1' } }),
        api('POST', `${SECRETS}/missing:addVersion`, { payload: { data } }),
        api('POST', `${SECRETS}/canaries:addVersion`, { payload: { data: [canary] } }),
        api('POST', `${SECRETS}/canaries:addVersion`, { payload: { data: canary, [canary]: canary } }),
        api('POST', `${SECRETS}/canaries:addVersion`, { payload: canary }),
        apiOf(server, `ya29.${'x'.repeat(43)}`)('POST', `${SECRETS}/canaries:addVersion`, { payload: { data } }),
        api('PUT', AZURE, { value: { [canary]: canary } }),
        api('PUT', AZURE, { value: canary, tags: [canary], attributes: { exp: canary } }),
        api('PUT', AZURE.replace('azure', 'a_b'), { value: canary }),
        apiOf(server, `ya29.${'x'.repeat(43)}`)('PUT', AZURE, { value: canary }),
      ];
      await must(api, 'PUT', AZURE, { value: canary });
      for (const answer of await Promise.all(wrong)) {
        assert.ok(answer.status >= 400, answer.text);
        // What the caller sent as a field name comes back in the real service's own words; a value never does.
        if (!answer.text.includes('Cannot find field')) answers.push(answer.text);
      }
    }
    const read = await must(api, 'GET', `${SECRETS}/canaries/versions/latest:access`);
    assert.equal(Buffer.from(read.json.payload.data, 'base64').toString(), canaries.at(-1));
    await must(api, 'POST', `${SECRETS}/canaries/versions/1:destroy`, {});
    secrets.push(...(await credentials(api, server.address)));
    const run = await coffer(['run', '--project=default', '--set-secrets=X=canaries:latest', '--', 'true'], {
      env: server.env,
    });
    assert.notEqual(run.code, 0, 'the default account cannot read');
    answers.push(run.stderr);
    answers.push(JSON.stringify(await auditRecords(api)));
    answers.push((await api('GET', '/metrics')).text);
    answers.push(
      readFileSync(`/proc/${server.process.pid}/environ`, 'latin1'),
      readFileSync(`/proc/${server.process.pid}/cmdline`, 'latin1'),
    );
  } finally {
    await server.stop();
  }
  const places = [
    ['logs', server.logs()],
    ['answers, audit, metrics and environment', answers.join('\n')],
    ...filesBelow(server.root).map((path) => [path, readFileSync(path, 'latin1')]),
  ] as [string, string][];
  assert.ok(places.length > 5, 'there are files to look through');
  for (const [place, text] of places) {
    for (const canary of [...canaries, ...secrets]) {
      for (const form of forms(canary)) assert.ok(!text.includes(form), `${place} holds a form of ${canary}`);
    }
  }
});
