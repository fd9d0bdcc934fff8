// Passwords as they are kept: argon2id with the second of RFC 9106's recommended settings. One at a time in each thread,
// off the event loop: each takes 64 MiB for some tens of milliseconds.

import { argon2 } from 'node:crypto';

const SETTINGS = { parallelism: 4, tagLength: 32, memory: 64 * 1024, passes: 3 } as const;

/** The hash of a password in hex. `salt` is at least 16 bytes, in hex. */
export function hashPassword(password: string, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message: password, nonce: Buffer.from(salt, 'hex'), ...SETTINGS }, (error, tag) => {
      if (error === null || error === undefined) resolve(tag.toString('hex'));
      else reject(error);
    });
  });
}
