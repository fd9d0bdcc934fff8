import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../store-error.ts';
import { isHere, isPostgres, nameOf, parseDsn } from './dsn.ts';

test('an address is what libpq would make of it, with one host or several', () => {
  assert.deepEqual(parseDsn('postgres://u:p%40w@db1:6000,db2,[::1]:7000/name?sslmode=verify-ca&sslrootcert=/ca.pem'), {
    hosts: [
      { host: 'db1', port: 6000 },
      { host: 'db2', port: 5432 },
      { host: '::1', port: 7000 },
    ],
    user: 'u',
    database: 'name',
    password: 'p@w',
    tls: 'verify-ca',
    rootCertFile: '/ca.pem',
  });
  const { hosts, tls, database, password } = parseDsn('postgresql://u@/?host=/var/run/postgresql');
  assert.deepEqual(
    [hosts, tls, database, password],
    [[{ host: '/var/run/postgresql', port: 5432 }], 'disable', 'u', undefined],
  );
  assert.equal(parseDsn('postgres://u@db/n?target_session_attrs=primary').database, 'n');
});

test('what leaves this machine is encrypted and checked unless somebody says otherwise', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', '']) {
    assert.equal(parseDsn(`postgres://u@${host}/n`).tls, 'disable', host);
  }
  for (const host of ['db', '10.0.0.1', '127.0.0.1,db', 'localhost.example.com', '127.0.0.1.example.com']) {
    assert.equal(parseDsn(`postgres://u@${host}/n`).tls, 'verify-full', host);
  }
  assert.equal(parseDsn('postgres://u@db/n?sslmode=disable').tls, 'disable');
  assert.deepEqual(['/run', '::1', 'x/run'].map(isHere), [true, true, false]);
});

test('what is not understood is refused, and no refusal holds the password', () => {
  const wrong = {
    'mysql://u:pass-word@h/n': /not of that form/,
    'postgres://u:pass-word@h:99999/n': /port that is none, 99999/,
    'postgres://u:pass-word@h:0/n': /port that is none/,
    'postgres://u:pass-word@h]x/n': /host that is none/,
    'postgres://:pass-word@h/n': /names no user/,
    'postgres://u:pass-word@h/n?sslmode=prefer': /sslmode=prefer, which is none of/,
    'postgres://u:pass-word@h/n?ssl=true': /option that is not known, ssl/,
    'postgres://u:pass-word@h/n?target_session_attrs=any': /another server than the primary/,
    'postgres://u:pass-word%@h/n': /a % that begins no character/,
    [`postgres://u:pass-word@${'h,'.repeat(20)}h/n`]: /more than 16 hosts/,
  };
  for (const [dsn, message] of Object.entries(wrong)) {
    assert.throws(
      () => parseDsn(dsn),
      (error) => {
        assert.ok(error instanceof StoreError, dsn);
        assert.match(error.message, message);
        assert.ok(!error.message.includes('pass-word'), error.message);
        return true;
      },
    );
  }
  assert.equal(nameOf(parseDsn('postgres://u:pass-word@a,b:1/n')), 'PostgreSQL a:5432,b:1/n');
  assert.deepEqual(['postgres://x', 'postgresql://x', '/postgres:', 'postgres'].map(isPostgres), [
    true,
    true,
    false,
    false,
  ]);
});
