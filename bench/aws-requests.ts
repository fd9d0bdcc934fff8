// GetSecretValue as boto3 sends it: signed beforehand, each request anew, so that the load does not sign while it measures.
// They hold for five minutes, which no bench lasts.

import { randomUUID } from 'node:crypto';
import { type SigningKey, signed } from '../test/support/aws-sign.ts';
import { http1Request } from './http1-load.ts';

const REQUESTS = 512;
const BODY = Buffer.from('{"SecretId": "measured"}');

/** What makes the next request to the server at `address`. */
export function signedReads(address: string, key: SigningKey): () => Buffer {
  const { host } = new URL(address);
  const requests = Array.from({ length: REQUESTS }, () => {
    const headers = signed(key, {
      host,
      body: BODY.toString(),
      time: Date.now(),
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'secretsmanager.GetSecretValue',
        'x-amz-user-agent': 'Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux md/arch#x86_64 lang/python#3.11',
        'amz-sdk-invocation-id': randomUUID(),
      },
    });
    return http1Request('POST', '/', { ...headers, 'accept-encoding': 'identity' }, BODY);
  });
  let next = 0;
  return () => {
    next = (next + 1) % REQUESTS;
    return requests[next] as Buffer;
  };
}
