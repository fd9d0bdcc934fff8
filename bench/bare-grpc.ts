// The reference for gRPC: @grpc/grpc-js that answers the same message and does nothing else.

import grpc from '@grpc/grpc-js';

const message = Buffer.from(process.argv[2] ?? '', 'base64');
const same = (bytes: Buffer) => bytes;
const server = new grpc.Server();
server.addService(
  {
    access: {
      path: '/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion',
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  },
  {
    access: (_call: unknown, callback: grpc.sendUnaryData<Buffer>) => callback(null, message),
  },
);
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${port}`);
});
