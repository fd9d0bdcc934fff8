// Payloads open for a grant, in their place, unchanged, and in no other way. Page tokens cannot be made or moved.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { authorise, type Grant } from '../core/iam/policy.ts';
import type { PayloadPlace } from '../core/ports.ts';
import { OWNER } from '../core/principal.ts';
import { Redacted } from '../core/redacted.ts';
import type { SealedPayload } from '../core/secret.ts';
import { systemEntropy } from './entropy.ts';
import { EnvelopeError, newKey } from './envelope.ts';
import { Keyring } from './keyring.ts';

const newKeyring = () =>
  new Keyring({ root: newKey(), fingerprintKey: newKey(), sealType: 'file', sealKeyId: '0123456789abcdef' });
const keyring = newKeyring();
const place: PayloadPlace = {
  projectUid: systemEntropy.uid(),
  secretUid: systemEntropy.uid(),
  versionUid: systemEntropy.uid(),
};
const projectKey = keyring.wrapProjectKey(place.projectUid);
const payload = Buffer.from('correct horse battery staple');
const sealed = keyring.seal(projectKey, place, new Redacted(payload));
const grant = grantOf('secretmanager.versions.access');

function grantOf(permission: Permission): Grant {
  const policy = { bindings: [{ role: 'roles/secretmanager.admin', members: [OWNER.member] }], etag: '' };
  const minted = authorise(permission, OWNER, [{ resource: 'projects/p', policy }], { time: 0, resource: () => ({}) });
  assert.ok(minted !== undefined);
  return minted;
}

function assertCorrupt(open: () => unknown): void {
  assert.throws(open, (error) => {
    assert.ok(error instanceof Fault && error.cause instanceof EnvelopeError, String(error));
    assert.equal(error.code, 'PAYLOAD_CORRUPT');
    assert.equal(
      error.message,
      `version ${error.facts['version']} of secret ${error.facts['secret']} does not open: its stored bytes were changed`,
    );
    return true;
  });
}

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

describe('a sealed payload', () => {
  it('opens to what was sealed, under a key and a nonce of its own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const one = keyring.seal(projectKey, place, new Redacted(bytes));
        const two = keyring.seal(projectKey, place, new Redacted(bytes));
        assert.deepEqual(Uint8Array.from(keyring.open(grant, projectKey, place, one).reveal()), bytes);
        assert.notDeepEqual(one.wrappedKey, two.wrappedKey);
        assertCorrupt(() => keyring.open(grant, projectKey, place, { ...one, wrappedKey: two.wrappedKey }));
      }),
    );
  });

  it('holds neither the payload nor a way to print it', () => {
    assert.ok(!Buffer.from(sealed.ciphertext).includes(payload));
    assert.equal(String(keyring.open(grant, projectKey, place, sealed)), '[redacted]');
  });

  it('opens with views into larger buffers, as a store may hand them out', () => {
    const view = (bytes: Uint8Array) => new Uint8Array([9, ...bytes, 9]).subarray(1, bytes.length + 1);
    const copy = { wrappedKey: view(sealed.wrappedKey), ciphertext: view(sealed.ciphertext) };
    assert.deepEqual(keyring.open(grant, view(projectKey), place, copy).reveal(), payload);
  });

  it('demands a grant of versions.access', () => {
    const other = grantOf('secretmanager.versions.get');
    assert.throws(() => keyring.open(other, projectKey, place, sealed), TypeError);
    const forged = { permission: 'secretmanager.versions.access' } as Grant;
    assert.throws(() => keyring.open(forged, projectKey, place, sealed), TypeError);
  });

  it('is corrupt when any bit of it, of its key or of the project key was flipped', () => {
    for (let bit = 0; bit < sealed.wrappedKey.length * 8; bit += 1) {
      const wrappedKey = flipped(sealed.wrappedKey, bit);
      assertCorrupt(() => keyring.open(grant, projectKey, place, { ...sealed, wrappedKey }));
      assertCorrupt(() => keyring.open(grant, flipped(projectKey, bit), place, sealed));
    }
    for (let bit = 0; bit < sealed.ciphertext.length * 8; bit += 1) {
      const ciphertext = flipped(sealed.ciphertext, bit);
      assertCorrupt(() => keyring.open(grant, projectKey, place, { ...sealed, ciphertext }));
    }
  });

  it('is corrupt when it was cut or lengthened', () => {
    const pieces: (keyof SealedPayload)[] = ['wrappedKey', 'ciphertext'];
    for (const piece of pieces) {
      const whole = sealed[piece];
      for (let length = 0; length < whole.length; length += 1) {
        const cut = { ...sealed, [piece]: whole.subarray(0, length) };
        assertCorrupt(() => keyring.open(grant, projectKey, place, cut));
      }
      const longer = { ...sealed, [piece]: new Uint8Array([...whole, 0]) };
      assertCorrupt(() => keyring.open(grant, projectKey, place, longer));
    }
    assertCorrupt(() => keyring.open(grant, projectKey.subarray(1), place, sealed));
  });

  it('is corrupt in every other place', () => {
    const uid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
    fc.assert(
      fc.property(fc.constantFrom<keyof PayloadPlace>('projectUid', 'secretUid', 'versionUid'), uid, (part, other) => {
        fc.pre(other !== place[part]);
        assertCorrupt(() => keyring.open(grant, projectKey, { ...place, [part]: other }, sealed));
      }),
    );
    const swapped = { ...place, secretUid: place.versionUid, versionUid: place.secretUid };
    assertCorrupt(() => keyring.open(grant, projectKey, swapped, sealed));
  });

  it('is corrupt under the key of another project or of another server', () => {
    assertCorrupt(() => keyring.open(grant, keyring.wrapProjectKey(place.projectUid), place, sealed));
    assertCorrupt(() => newKeyring().open(grant, projectKey, place, sealed));
  });

  it('opens under the keys that a rotated project had before, and is sealed under the newest', () => {
    const rotated = keyring.wrapProjectKey(place.projectUid, projectKey);
    assert.deepEqual(keyring.open(grant, rotated, place, sealed).reveal(), payload);
    const later = { ...place, versionUid: systemEntropy.uid() };
    const fresh = keyring.seal(rotated, later, new Redacted(payload));
    assert.deepEqual(keyring.open(grant, rotated, later, fresh).reveal(), payload);
    assertCorrupt(() => keyring.open(grant, projectKey, later, fresh));
    assert.throws(() => newKeyring().wrapProjectKey(place.projectUid, projectKey), EnvelopeError);
    assert.throws(() => keyring.wrapProjectKey(place.projectUid, rotated.subarray(1)), EnvelopeError);
  });

  it('says in the fault which keys did not fit', () => {
    try {
      keyring.open(grant, keyring.wrapProjectKey(place.projectUid), place, sealed);
      assert.fail('it opened');
    } catch (error) {
      assert.ok(error instanceof Fault);
      assert.match(
        String(error.facts['problem']),
        /^sealed with key [0-9a-f]{16}, but the key at hand is [0-9a-f]{16}$/,
      );
    }
  });

  it('is not sealed under a project key that does not open', () => {
    const seal = () => keyring.seal(flipped(projectKey, 500), place, new Redacted(payload));
    assert.throws(
      seal,
      (error) => error instanceof Fault && error.code === 'INTERNAL' && error.cause instanceof EnvelopeError,
    );
  });

  it('opens also after its project key fell out of the cache', () => {
    for (let index = 0; index < 1100; index += 1) {
      const projectUid = systemEntropy.uid();
      const other = { ...place, projectUid };
      keyring.seal(keyring.wrapProjectKey(projectUid), other, new Redacted(payload));
    }
    assert.deepEqual(keyring.open(grant, projectKey, place, sealed).reveal(), payload);
  });
});

describe('a page token', () => {
  it('gives its cursor back for its scope only', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string({ maxLength: 200 }), (scope, other, cursor) => {
        const token = keyring.signPage(scope, cursor);
        assert.match(token, /^[A-Za-z0-9_-]+$/);
        assert.equal(keyring.openPage(scope, token), cursor);
        if (other !== scope) assert.equal(keyring.openPage(other, token), undefined);
        assert.equal(newKeyring().openPage(scope, token), undefined);
      }),
    );
  });

  it('does not open for a scope and cursor that only read alike when joined', () => {
    const token = keyring.signPage('secrets/a', 'b');
    const bytes = Buffer.from(token, 'base64url');
    const moved = Buffer.concat([bytes.subarray(0, 17), Buffer.from('ab')]).toString('base64url');
    assert.equal(keyring.openPage('secrets/', moved), undefined);
  });

  it('does not open when a bit was flipped, when cut, lengthened, or spelled otherwise', () => {
    const token = keyring.signPage('secrets/a', '12345');
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      assert.equal(keyring.openPage('secrets/a', Buffer.from(flipped(bytes, bit)).toString('base64url')), undefined);
    }
    for (let length = 0; length < token.length; length += 1) {
      assert.equal(keyring.openPage('secrets/a', token.slice(0, length)), undefined);
    }
    for (const other of [`${token}=`, `${token} `, `${token}\n`, ` ${token}`, `${token}A`, `${token}!`]) {
      assert.equal(keyring.openPage('secrets/a', other), undefined, JSON.stringify(other));
    }
    assert.equal(keyring.openPage('secrets/a', 'A'.repeat(1_000_000)), undefined);
  });
});

describe('a fingerprint', () => {
  it('is the same for equal values only, and another in another store', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(bytes, bytes, (one, two) => {
        const first = keyring.fingerprint(new Redacted(one));
        assert.match(first, /^[0-9a-f]{64}$/);
        assert.equal(first === keyring.fingerprint(new Redacted(two)), Buffer.compare(one, two) === 0);
        assert.equal(first, keyring.fingerprint(new Redacted(Uint8Array.from(one))));
        assert.notEqual(first, newKeyring().fingerprint(new Redacted(one)));
        assert.notEqual(first, hash('sha256', one));
      }),
    );
  });

  it('does not change with the root key', () => {
    const fingerprintKey = newKey();
    const rings = [newKey(), newKey()].map(
      (root) => new Keyring({ root, fingerprintKey, sealType: 'file', sealKeyId: '' }),
    );
    const [one, two] = rings.map((ring) => ring.fingerprint(new Redacted(payload)));
    assert.equal(one, two);
  });
});

describe('the keyring', () => {
  it('tells its status', () => {
    assert.deepEqual(keyring.status(), { sealed: false, type: 'file', keyId: '0123456789abcdef' });
  });

  it('seals bytes of the server for one purpose', () => {
    const own = keyring.sealBytes('one', payload);
    assert.deepEqual(keyring.openBytes('one', own), payload);
    assert.throws(() => keyring.openBytes('other', own), EnvelopeError);
    assert.throws(() => newKeyring().openBytes('one', own), EnvelopeError);
  });

  it('signs audit marks with a key that another server does not have', () => {
    assert.match(keyring.auditMac('mark'), /^[0-9a-f]{64}$/);
    assert.equal(keyring.auditMac('mark'), keyring.auditMac('mark'));
    assert.notEqual(keyring.auditMac('mark'), keyring.auditMac('mark2'));
    assert.notEqual(keyring.auditMac('mark'), newKeyring().auditMac('mark'));
  });

  it('shows no key when it is printed', async () => {
    const { inspect } = await import('node:util');
    const shown = inspect(keyring, { depth: 9, showHidden: true });
    assert.ok(!/[0-9a-f]{64}|Buffer/.test(shown), shown);
  });
});

describe('a payload under a key of the customer too', () => {
  const keyOf = (number: number, keyUid = systemEntropy.uid()) => {
    const material = keyring.keys.make('aes256-gcm96');
    assert.ok(!(material instanceof Promise));
    const keyPlace = { projectUid: place.projectUid, keyUid, number };
    return { keyUid, number, sealed: keyring.keys.seal(projectKey, keyPlace, material) };
  };
  const customerKey = keyOf(1);
  const under: PayloadPlace = { ...place, customerKey };
  const wrapped = keyring.seal(projectKey, under, new Redacted(payload));

  it('opens with that key and in its place alone', () => {
    const open = (at: PayloadPlace, row: SealedPayload = wrapped) => keyring.open(grant, projectKey, at, row).reveal();
    assert.deepEqual(Buffer.from(open(under)), payload);
    // What was opened is kept: it is not given out for less than it took to open it.
    assertCorrupt(() => open(place));
    for (const other of [keyOf(1), keyOf(2, customerKey.keyUid)])
      assertCorrupt(() => open({ ...place, customerKey: other }));
    assertCorrupt(() => open({ ...under, secretUid: systemEntropy.uid() }));
    assertCorrupt(() => open({ ...under, versionUid: systemEntropy.uid() }));
    assertCorrupt(() => open(under, sealed));
    assertCorrupt(() => open(under, { ...wrapped, wrappedKey: flipped(wrapped.wrappedKey, 300) }));
  });

  it('keeps its kind, and is copied from under one key to another', () => {
    assert.equal(keyring.shapeOf(projectKey, under, wrapped), 'text');
    const to = { ...place, versionUid: systemEntropy.uid(), customerKey: keyOf(1) };
    const copy = keyring.copy(projectKey, under, to, wrapped);
    assert.deepEqual(Buffer.from(keyring.open(grant, projectKey, to, copy).reveal()), payload);
    assertCorrupt(() => keyring.open(grant, projectKey, { ...to, customerKey }, copy));
  });
});
