// google.iam.credentials.v1.IAMCredentials: a short-lived access token of a service account. A token here has no narrower
// scope than its account's roles, so one is only made for a request that names the scope of all of Google Cloud.

import { IAMCredentials } from '../../../gen/google/iam/credentials/v1/iamcredentials_pb.js';
import { then } from '../../ops/engine.ts';
import { generateToken } from '../../ops/tokens.ts';
import { missing, serviceMethods } from './call.ts';
import { decodeSeconds } from './decode.ts';
import { encodeToken } from './encode.ts';
import { invalidField, unsupported } from './invalid.ts';
import { parseAccountName } from './names.ts';

const CLOUD_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

function checkScope(scopes: readonly string[]): void {
  if (scopes.length === 0) throw invalidField('scope', 'is required');
  if (!scopes.includes(CLOUD_SCOPE)) throw unsupported(`A token whose scope is narrower than ${CLOUD_SCOPE}`);
}

export const credentialsMethods = serviceMethods(IAMCredentials, {
  generateAccessToken: (request, call) => {
    const account = parseAccountName(request.name);
    if (request.delegates.length > 0) throw unsupported('Field [delegates]');
    checkScope(request.scope);
    const command = { account, lifetimeSeconds: decodeSeconds(request.lifetime, 'lifetime') };
    return then(call.run(generateToken, command), encodeToken);
  },
  generateIdToken: missing('GenerateIdToken'),
  signBlob: missing('SignBlob'),
  signJwt: missing('SignJwt'),
});
