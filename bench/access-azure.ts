// Reading a secret of 640 bytes through Azure's API, set against the same read through Google's, of the same server.

import type { AccessOptions } from './access.ts';
import { compare } from './compare.ts';
import { Http1Connection, http1Request } from './http1-load.ts';
import { PAYLOAD, SECRET, startSubject } from './subject.ts';

const CONNECTIONS = 16;
const SAMPLE_EVERY = 64;

/** Both with a token of the same account; `args` are more arguments of the server. */
export async function accessByAzure(bench: string, args: readonly string[], options: AccessOptions): Promise<void> {
  const { server, pid, reader } = await startSubject(args);
  try {
    const headers = { authorization: reader, 'content-type': 'application/json' };
    const body = JSON.stringify({ audience: 'https://vault.azure.net' });
    const narrowed = await fetch(`${server.address}/coffer/v1/tokens:narrow`, { method: 'POST', headers, body });
    const { accessToken } = (await narrowed.json()) as { readonly accessToken: string };
    const side = async (path: string, authorization: string) => {
      const answer = await fetch(server.address + path, { headers: { authorization } });
      const expected = Buffer.from(await answer.arrayBuffer());
      const holds = [PAYLOAD.toString(), PAYLOAD.toString('base64')].some((value) => expected.includes(value));
      if (answer.status !== 200 || !holds) throw new Error(`the server answers ${answer.status}`);
      // An answer names the host that was asked.
      const request = http1Request('GET', path, { host: new URL(server.address).host, authorization });
      const isRight = (each: Buffer) => each.equals(expected);
      const http = { address: server.address, request, isRight, sampleEvery: SAMPLE_EVERY };
      return { pid, connect: () => Array.from({ length: CONNECTIONS }, () => new Http1Connection(http)) };
    };
    const azure = await side('/secrets/measured/?api-version=2026-04-01', `Bearer ${accessToken}`);
    await compare(bench, azure, await side(`/v1/${SECRET}/versions/latest:access`, reader), options);
  } finally {
    await server.stop();
  }
}
