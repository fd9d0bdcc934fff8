// google.iam.credentials.v1.IAMCredentials: short-lived tokens of a service account. An access token here has no narrower
// scope than its account's roles, so one is only made for a request that names the scope of all of Google Cloud.

import { create } from '@bufbuild/protobuf';
import { GenerateIdTokenResponseSchema } from '../../../gen/google/iam/credentials/v1/common_pb.js';
import { IAMCredentials } from '../../../gen/google/iam/credentials/v1/iamcredentials_pb.js';
import { CLOUD_SCOPE } from '../../core/jwt.ts';
import { GOOGLE_ISSUER, generateIdToken } from '../../ops/id-tokens.ts';
import { then } from '../../ops/maybe.ts';
import { generateToken } from '../../ops/tokens.ts';
import { missing, serviceMethods } from './call.ts';
import { decodeSeconds } from './decode.ts';
import { encodeToken } from './encode.ts';
import { invalidField, unsupported } from './invalid.ts';
import { parseAccountName } from './names.ts';

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
  generateIdToken: (request, call) => {
    const account = parseAccountName(request.name);
    if (request.delegates.length > 0) throw unsupported('Field [delegates]');
    if (request.audience === '') throw invalidField('audience', 'is required');
    const { audience, includeEmail } = request;
    return then(call.run(generateIdToken, { account, audience, includeEmail, issuer: GOOGLE_ISSUER }), ({ token }) =>
      create(GenerateIdTokenResponseSchema, { token: token.reveal() }),
    );
  },
  signBlob: missing('SignBlob'),
  signJwt: missing('SignJwt'),
});
