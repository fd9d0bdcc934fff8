// Reads a secret and says who it is, by AWS's SDK for JavaScript.

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const region = 'eu-west-1';
const client = new SecretsManagerClient({ region });
const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: 'prod/myapp/database' }));
const { Arn } = await new STSClient({ region }).send(new GetCallerIdentityCommand({}));
const error = await client.send(new GetSecretValueCommand({ SecretId: 'absent' })).catch((reason) => reason);
console.log(JSON.parse(SecretString).password, Arn, error.name, error.$metadata.httpStatusCode);
