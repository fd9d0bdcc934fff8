// Stands in for the program `vault` where hvac's own tests start one: `vault server -config=FILE` runs Coffer, sealed by
// shares, at the address and with the certificate that the file names; `vault -version` says which version is spoken.
// What they configure beyond that (storage, leases) is Coffer's own affair.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VAULT_VERSION } from '../../src/core/vault/version.ts';
import { serve } from '../../src/serve.ts';

const [command, ...args] = process.argv.slice(2);
if (command === 'server') {
  const file = args.find((arg) => arg.startsWith('-config='))?.slice('-config='.length);
  if (file === undefined) throw new Error('give -config=FILE');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const { address = '127.0.0.1:8200', tls_cert_file: cert, tls_key_file: key } = config.listener.tcp;
  const root = mkdtempSync(join(tmpdir(), 'coffer-hvac-'));
  process.env['XDG_STATE_HOME'] = root;
  await serve({
    ...{ listen: address, data: join(root, 'data'), seal: 'shamir', workers: 0 },
    ...(cert === undefined ? {} : { tls: { certFile: resolve(cert), keyFile: resolve(key) } }),
  });
} else if (command === 'operator') {
  // What a client works out by itself, hvac has that program do: OpenBao's does it alike.
  process.exitCode = spawnSync('bao', process.argv.slice(2), { stdio: 'inherit' }).status ?? 1;
} else {
  process.stdout.write(`Vault v${VAULT_VERSION} (coffer), built 2024-02-28T17:07:34Z\n`);
}
