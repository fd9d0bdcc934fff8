// Who a program is for AWS's libraries: a container's credentials on a port of the run, and the endpoints of the services
// that this server has. The user's own configuration would win over them, so it is out of sight.

import { randomBytes } from 'node:crypto';
import { warn } from '../failure.ts';
import type { Identity, IdentityContext, RunningIdentity } from '../identity.ts';
import { listenOnLoopback } from '../own-server.ts';
import { CREDENTIALS_PATH, createCredentialsServer } from './credentials-server.ts';

/** Endpoint variables of what is here; every other service stays where it is. */
const SERVICES = ['SECRETS_MANAGER', 'STS', 'KMS'];

export const awsIdentity: Identity = { name: 'aws', replacedBy: 'AWS_ACCESS_KEY_ID', start };

async function start(context: IdentityContext): Promise<RunningIdentity> {
  const { address, directory, userEnv } = context;
  const own = ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE'].find((name) => userEnv[name]);
  if (own !== undefined) {
    warn(`AWS's libraries will be this run's service account: ${own} of your environment is not handed on`);
  }
  const authorization = randomBytes(32).toString('base64url');
  const server = createCredentialsServer({ authorization, session: () => context.awsSession() });
  const listening = await listenOnLoopback(server);
  // Empty, and in the place of the ones in the home directory.
  const none = directory.write('aws', '');
  return {
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${listening.address}${CREDENTIALS_PATH}`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization,
      AWS_SHARED_CREDENTIALS_FILE: none,
      AWS_CONFIG_FILE: none,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...Object.fromEntries(SERVICES.map((service) => [`AWS_ENDPOINT_URL_${service}`, address])),
    },
    stop: listening.stop,
  };
}
