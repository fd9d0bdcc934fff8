// TLS to a PostgreSQL: what is said of the certificate is checked, as libpq would, and nothing less by itself.

import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeAuthority, makeLeaf } from '../../src/crypto/certificate.ts';
import { openPostgres } from '../../src/store/postgres/store.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { connectingTo, newDatabase, runSql } from '../support/postgres-place.ts';
import { scratch } from '../support/start.ts';

const HOUR_MS = 3_600_000;

/** An authority in PEM, and a certificate of it for a name that is not the address. */
async function certified(id: string) {
  const validity = { notBefore: Date.now() - HOUR_MS, notAfter: Date.now() + HOUR_MS };
  const { certificate, key } = await makeAuthority(id, validity);
  const signer = createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = await makeLeaf({ certificate, key: signer }, privateKey, ['localhost'], validity);
  const authority = new X509Certificate(certificate).toString();
  return { authority, certificate: leaf, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

describe('TLS to PostgreSQL', { skip: whyNoPostgres() ?? false }, () => {
  let postgres: Postgres;
  let dsn: string;
  const root = scratch();
  const [ours, theirs] = [join(root, 'ours.pem'), join(root, 'theirs.pem')];
  before(async () => {
    const made = await certified('one');
    writeFileSync(ours, made.authority);
    writeFileSync(theirs, (await certified('two')).authority);
    postgres = await startPostgres({ tls: made });
    dsn = await newDatabase(postgres);
  });
  after(() => postgres.stop());

  const byName = () => dsn.replace('127.0.0.1', 'localhost');
  const open = (address: string) =>
    openPostgres({ connecting: connectingTo(address), server: 's000001', clock: { now: () => 0 } });

  for (const options of [
    'sslmode=verify-full&sslrootcert=OURS',
    'sslmode=verify-ca&sslrootcert=OURS',
    'sslmode=require',
  ]) {
    test(`${options.split('&')[0]} takes the right certificate, and the connection is encrypted`, async () => {
      const store = await open(`${byName()}?${options.replace('OURS', ours)}`);
      await store.setMeta('a', Uint8Array.of(1));
      const sessions = `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'coffer'`;
      // Those that were closed may not have gone yet.
      const encrypted = (await runSql(dsn, sessions)).map(([ssl]) => ssl);
      assert.deepEqual([...new Set(encrypted)], [true]);
      await store.close();
    });
  }

  test('a certificate of another authority, or for another name, is not accepted', async () => {
    const refusals = {
      [`${byName()}?sslmode=verify-full&sslrootcert=${theirs}`]: /its certificate is not accepted/,
      [`${byName()}?sslmode=verify-ca&sslrootcert=${theirs}`]: /its certificate is not accepted/,
      [`${byName()}?sslmode=verify-full`]: /its certificate is not accepted/,
      [`${dsn}?sslmode=verify-full&sslrootcert=${ours}`]:
        /its certificate is not accepted \(Hostname\/IP does not match/,
      [`${dsn}?sslmode=verify-full&sslrootcert=${join(root, 'gone')}`]:
        /cannot read the certificates in .*gone \(ENOENT\)/,
    };
    for (const [address, message] of Object.entries(refusals)) {
      await assert.rejects(async () => open(address), message);
    }
    const store = await open(`${dsn}?sslmode=verify-ca&sslrootcert=${ours}`);
    await store.close();
  });
});
