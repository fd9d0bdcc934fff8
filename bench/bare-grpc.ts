// The reference for gRPC: node:http2 on two threads that share a port. It reads the message and answers another, framed
// by hand, and does nothing else. Run: node bench/bare-grpc.ts THREADS HEADERS-AS-JSON MESSAGE-IN-BASE64

import { createServer, type ServerHttp2Stream } from 'node:http2';
import { shareThePort } from './bare-threads.ts';
import { grpcFrame } from './grpc-load.ts';

const TRAILERS = { 'grpc-status': '0' };

function sendTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(TRAILERS);
}

shareThePort(import.meta.filename, ([headersText = '{}', messageText = '']) => {
  const headers = { ':status': 200, ...(JSON.parse(headersText) as Record<string, string>) };
  const framed = grpcFrame(Buffer.from(messageText, 'base64'));
  const server = createServer();
  server.on('stream', (opened) => {
    const stream = opened as ServerHttp2Stream;
    stream.on('data', () => {});
    stream.on('end', () => {
      stream.respond(headers, { waitForTrailers: true });
      stream.on('wantTrailers', sendTrailers);
      stream.end(framed);
    });
  });
  return server;
});
