// The reference for REST: node:http on two threads that share a port, answering the same headers and bytes and doing
// nothing else. Run: node bench/bare-http.ts THREADS HEADERS-AS-JSON BODY-IN-BASE64

import { createServer } from 'node:http';
import { shareThePort } from './bare-threads.ts';

shareThePort(import.meta.filename, ([headersText = '{}', bodyText = '']) => {
  const headers = JSON.parse(headersText) as Record<string, string>;
  const body = Buffer.from(bodyText, 'base64');
  return createServer((_request, response) => {
    response.writeHead(200, headers);
    response.end(body);
  });
});
