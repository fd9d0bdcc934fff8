// A developer's own Google credentials, as `gcloud auth application-default login` leaves them. Python's library is led
// away from them by CLOUDSDK_CONFIG; Node's and Go's look in the home directory whatever that says, and would prefer
// them to the metadata server.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { warn } from './failure.ts';

/** Says so, in one line, where such a file would win over the run's service account. */
export function warnOfUserCredentials(env: NodeJS.ProcessEnv): void {
  const path = join(env['HOME'] || homedir(), '.config', 'gcloud', 'application_default_credentials.json');
  if (!existsSync(path)) return;
  warn(`Google's libraries for Node and Go will use ${path} instead of this run's service account: move it away`);
}
