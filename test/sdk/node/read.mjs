// An ordinary program of Google's Node library, over gRPC and over REST. Nothing in it knows of Coffer.

import { SecretManagerServiceClient } from '@google-cloud/secret-manager';

const [, , name] = process.argv;
for (const options of [{}, { fallback: true }]) {
  const client = new SecretManagerServiceClient(options);
  const [version] = await client.accessSecretVersion({ name });
  console.log(Buffer.from(version.payload.data).toString('utf8'), await client.getProjectId());
  await client.close();
}
