// Reading a secret of 640 bytes by AWS's signed requests, set against the same read through Google's API, of the same
// server; and beside moto's server, which is what many use in its place.

import type { AccessOptions } from './access.ts';
import { startMoto } from './aws-moto.ts';
import { signedReads } from './aws-requests.ts';
import { compare, type Side } from './compare.ts';
import { Http1Connection, http1Request } from './http1-load.ts';
import { PAYLOAD, SECRET, type Subject, startSubject } from './subject.ts';

const CONNECTIONS = 16;
const SAMPLE_EVERY = 64;

async function awsSide({ server, pid, post }: Subject): Promise<Side> {
  const made = await post('/coffer/v1/accountKeys:createAws', {
    serviceAccount: 'reader@default.iam.gserviceaccount.com',
  });
  const request = signedReads(server.address, {
    id: String(made['accessKeyId']),
    secret: String(made['secretAccessKey']),
  });
  const http = {
    ...{ address: server.address, request, sampleEvery: SAMPLE_EVERY },
    isRight: (body: Buffer) => body.includes(`"SecretString":"${PAYLOAD}"`),
  };
  return { pid, connect: () => Array.from({ length: CONNECTIONS }, () => new Http1Connection(http)) };
}

/** Both as the same account; `args` are more arguments of the server. */
export async function accessByAws(bench: string, args: readonly string[], options: AccessOptions): Promise<void> {
  const subject = await startSubject(args);
  const { server, pid, reader } = subject;
  try {
    const { host } = new URL(server.address);
    const request = http1Request('GET', `/v1/${SECRET}/versions/latest:access`, { host, authorization: reader });
    const isRight = (body: Buffer) => body.includes(PAYLOAD.toString('base64'));
    const http = { address: server.address, request, isRight, sampleEvery: SAMPLE_EVERY };
    const google = { pid, connect: () => Array.from({ length: CONNECTIONS }, () => new Http1Connection(http)) };
    await compare(bench, await awsSide(subject), google, options);
  } finally {
    await server.stop();
  }
}

/** Beside moto, which verifies no signature and writes no audit. */
export async function besideMoto(bench: string, args: readonly string[], options: AccessOptions): Promise<void> {
  const subject = await startSubject(args);
  try {
    const moto = await startMoto();
    try {
      await compare(bench, await awsSide(subject), moto.side(CONNECTIONS), options);
    } finally {
      await moto.stop();
    }
  } finally {
    await subject.server.stop();
  }
}
