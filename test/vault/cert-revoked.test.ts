// Lists of revoked certificates: whom they keep out, whom not, and which lists are none.

import 'reflect-metadata';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { askPresenting, certificate, type Made, revocationList } from './certificates.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
let ca: Made;
let own: Made;
let good: Made;

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'sys/auth/cert', { type: 'cert' });
  ca = await certificate({ subject: 'CN=Test CA', ca: {} });
  [own, good] = await Promise.all([
    certificate({ subject: 'CN=client-1', issuer: ca }),
    certificate({ subject: 'CN=client-2', issuer: ca }),
  ]);
  await vault.must('POST', 'auth/cert/certs/web', { certificate: ca.pem });
});

after(() => vault.server.stop());

const login = async (...chain: readonly Made[]) =>
  (await askPresenting(vault.server.address, 'auth/cert/login', {}, { chain })).status;
const put = (name: string, body: object) => vault.ask('POST', `auth/cert/crls/${name}`, body);
const serialOf = ({ certificate: { serialNumber } }: Made) => BigInt(`0x${serialNumber}`).toString();

test('whoever is on a list does not get in, until it is given anew or deleted; an old list counts', async () => {
  assert.deepEqual([await login(own), await login(good)], [200, 200]);
  assert.equal((await put('Main', { crl: await revocationList(ca, [own], { days: -1 }) })).status, 204);
  assert.deepEqual([await login(own), await login(good)], [400, 200]);
  const { serials } = (await vault.must('GET', 'auth/cert/crls/main')).json.data;
  assert.deepEqual(serials, { [serialOf(own)]: {} });
  assert.deepEqual((await vault.must('LIST', 'auth/cert/crls')).json.data.keys, ['main']);
  await put('main', { crl: await revocationList(ca, [good]) });
  assert.deepEqual([await login(own), await login(good)], [200, 400]);
  await vault.must('DELETE', 'auth/cert/crls/MAIN');
  assert.deepEqual([await login(own), await login(good)], [200, 200]);
  for (const method of ['GET', 'DELETE'])
    assert.match((await vault.ask(method, 'auth/cert/crls/main')).json.errors[0], /no such CRL main/);
});

test('a list is of its authority alone, and an intermediate one is on lists too', async () => {
  const other = await certificate({ subject: 'CN=Other CA', ca: {} });
  const unknown = await put('other', { crl: await revocationList(other, [own]) });
  assert.deepEqual([unknown.status, /was not looked at/.test(unknown.json.warnings[0])], [200, true]);
  assert.equal(await login(own), 200, 'the same number of another authority');
  await vault.must('DELETE', 'auth/cert/crls/other');
  const between = await certificate({ subject: 'CN=Between', issuer: ca, ca: {} });
  const below = await certificate({ subject: 'CN=client-3', issuer: between });
  assert.equal(await login(below, between), 200);
  await put('main', { crl: await revocationList(ca, [between]) });
  assert.deepEqual([await login(below, between), await login(own), await login(own, between)], [400, 200, 200]);
  // A role that trusts it itself does not save it.
  await vault.must('POST', 'auth/cert/certs/direct', { certificate: between.pem });
  assert.deepEqual([await login(below), await login(below, between)], [400, 400]);
  await vault.must('DELETE', 'auth/cert/certs/direct');
  await vault.must('DELETE', 'auth/cert/crls/main');
});

test('what is no list, or not signed by whom it names, is refused, and keeps nobody out', async () => {
  const forged = await certificate({ subject: 'CN=Test CA', ca: {} });
  const list = await revocationList(ca, [own]);
  const body = Buffer.from(list.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const pem = (bytes: Uint8Array) =>
    `-----BEGIN X509 CRL-----\n${Buffer.from(bytes).toString('base64')}\n-----END X509 CRL-----\n`;
  const changed = Buffer.from(body);
  changed[body.length - 5] = (changed[body.length - 5] ?? 0) ^ 1;
  const delta = new x509.Extension('2.5.29.27', true, new Uint8Array([2, 1, 1]));
  for (const [what, crl, why] of [
    ['by another key', await revocationList(ca, [own], { keys: forged.keys }), /not signed/],
    ['of another authority of the name', await revocationList(forged, [own]), /not signed/],
    ['changed', pem(changed), /not signed|failed to parse/],
    ['a change list', await revocationList(ca, [own], { extensions: [delta] }), /failed to parse/],
    ['a certificate', own.pem, /failed to parse/],
    ['noise', pem(randomBytes(500)), /failed to parse/],
    ['cut off', pem(body.subarray(0, 80)), /failed to parse/],
    ['empty', '', /must be provided/],
    ['a number', 7, /must be provided/],
    ['too long', `${list}${' '.repeat(1024 * 1024)}`, /failed to parse/],
  ] as const) {
    const { status, json } = await put('bad', { crl });
    assert.equal(status, 400, what);
    assert.match(json.errors[0], why, what);
  }
  assert.match((await put('bad', {})).json.errors[0], /must be provided/);
  assert.match((await put('bad', { url: 'http://169.254.169.254/crl' })).json.errors[0], /fetches no lists/);
  assert.match((await put('..%2fcert%2fweb', { crl: list })).text, /relative|no handler/);
  assert.equal((await put('a%2fb', { crl: list })).status, 404);
  const stranger = { token: await vault.token(['default']) };
  for (const asked of [{ token: '' }, { token: 'hvs.bad' }, stranger]) {
    assert.equal((await vault.ask('POST', 'auth/cert/crls/bad', { crl: list }, asked)).status, 403);
    assert.equal((await vault.ask('GET', 'auth/cert/crls/bad', undefined, asked)).status, 403);
    assert.equal((await vault.ask('DELETE', 'auth/cert/crls/bad', undefined, asked)).status, 403);
  }
  assert.equal((await vault.ask('LIST', 'auth/cert/crls')).status, 404);
  assert.equal(await login(own), 200);
});

test('lists are so many, and so long', async () => {
  const many = Array.from({ length: 3000 }, (_, n) => ({
    certificate: { serialNumber: (n + 1).toString(16).padStart(8, '0') },
  }));
  assert.equal((await put('long', { crl: await revocationList(ca, many as never) })).text, '');
  const longer = [...many, { certificate: { serialNumber: '7fffffff' } }];
  assert.match((await put('long', { crl: await revocationList(ca, longer as never) })).text, /at most 3000/);
  const { serials } = (await vault.must('GET', 'auth/cert/crls/long')).json.data;
  assert.equal(Object.keys(serials).length, 3000);
  const none = await revocationList(ca, []);
  const made = await Promise.all(Array.from({ length: 20 }, (_, n) => put(`n${n}`, { crl: none })));
  assert.deepEqual(made.map(({ status }) => status).sort(), [...Array(19).fill(204), 400]);
  await vault.must('DELETE', 'sys/auth/cert');
  await vault.must('POST', 'sys/auth/cert', { type: 'cert' });
  assert.equal((await vault.ask('LIST', 'auth/cert/crls')).status, 404);
});
