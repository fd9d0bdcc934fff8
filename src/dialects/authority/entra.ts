// The token authority as Azure's libraries know it: what MSAL asks before it believes an authority, and the client
// credentials grant by secret, certificate or federated assertion. One server is one tenant. `adfs` is another name of it,
// for which no library asks Microsoft whether the authority is one. Sources: the Microsoft identity platform's reference
// of OpenID Connect and of the client credentials flow; RFC 6749 section 4.4; RFC 7523.

import type { Maybe } from '../../core/ports.ts';
import { exchangeClient } from '../../ops/audience-tokens.ts';
import type { Client } from '../../ops/client-proof.ts';
import type { Door } from '../../ops/door.ts';
import { then } from '../../ops/maybe.ts';
import { rejectRequest } from '../../ops/rejected.ts';
import type { RequestHead, WireRequest, WireResponse } from '../../wire/types.ts';
import { EntraError, encodeEntraError } from './entra-errors.ts';
import { json } from './errors.ts';
import { type Form, readForm } from './form.ts';
import { jwks, type PublishedKeys } from './keys.ts';
import { ownsEntraHost } from './names.ts';
import { originOf } from './token.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Tenants that are names of many, and have no clients of their own. */
const SHARED = new Set(['common', 'organizations', 'consumers']);
const ADFS = 'adfs';
const CLOUD = 'login.microsoftonline.com';
const ALIASES = [CLOUD, 'login.microsoft.com', 'login.windows.net', 'sts.windows.net'];
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const CONFIGURATION = '.well-known/openid-configuration';

export interface EntraDesk {
  readonly door: Door;
  readonly keys: PublishedKeys;
  /** The server's own address. */
  readonly address: string;
  readonly tenantId: string;
}

/** True for a path that only these endpoints have. */
export function isEntraPath(path: string): boolean {
  const end = path.indexOf('/', 1);
  const tenant = end < 0 ? path.slice(1) : path.slice(1, end);
  return tenant === ADFS || SHARED.has(tenant) || GUID.test(tenant);
}

/** The scheme, host and port under which the client sees these endpoints. */
function baseOf({ host, headers }: RequestHead, address: string): string {
  if (ownsEntraHost(host)) return `https://${CLOUD}`;
  const named = headers['host'];
  return named === undefined ? address.replace(/^http:/, 'https:') : `https://${named.toLowerCase()}`;
}

/** Answers one request; never throws. */
export function serveEntra(desk: EntraDesk, request: WireRequest, told: (error: unknown) => void): Maybe<WireResponse> {
  const failed = (error: unknown): WireResponse => {
    told(error);
    return encodeEntraError(error, request, new Date());
  };
  try {
    const answer = route(desk, request);
    return answer instanceof Promise ? answer.catch(failed) : answer;
  } catch (error) {
    return failed(error);
  }
}

function route(desk: EntraDesk, request: WireRequest): Maybe<WireResponse> {
  const [tenant = '', ...rest] = request.path.slice(1).split('/');
  const path = rest.join('/');
  const base = baseOf(request, desk.address);
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (reads && tenant === 'common' && path === 'discovery/instance') return instance(desk);
  const isOwn = tenant === ADFS || tenant.toLowerCase() === desk.tenantId;
  if (!isOwn) return refuse(desk, request, new EntraError('tenant'));
  if (reads && (path === CONFIGURATION || path === `v2.0/${CONFIGURATION}`)) return configuration(base, tenant, desk);
  if (reads && (path === 'discovery/keys' || path === 'discovery/v2.0/keys')) return jwks(desk.keys);
  if (path === 'oauth2/v2.0/token' || path === 'oauth2/token') {
    if (request.method === 'POST') return issue(desk, request, tenant, base);
    return json(405, { error: 'invalid_request', error_description: 'This path takes POST.' }, { allow: 'POST' });
  }
  return json(404, { error: 'not_found', error_description: 'The token authority has no such path.' });
}

/** What MSAL asks of an authority that it does not know: this one and Microsoft's names of it are one. */
function instance({ address, tenantId }: EntraDesk): WireResponse {
  const own = new URL(address).host;
  return json(200, {
    tenant_discovery_endpoint: `${address.replace(/^http:/, 'https:')}/${tenantId}/v2.0/${CONFIGURATION}`,
    'api-version': '1.1',
    metadata: [
      { preferred_network: CLOUD, preferred_cache: 'login.windows.net', aliases: ALIASES },
      { preferred_network: own, preferred_cache: own, aliases: [own] },
    ],
  });
}

function configuration(base: string, tenant: string, { keys }: EntraDesk): WireResponse {
  const isAdfs = tenant === ADFS;
  const at = `${base}/${tenant}`;
  const document = {
    issuer: isAdfs ? at : `${at}/v2.0`,
    authorization_endpoint: isAdfs ? `${at}/oauth2/authorize` : `${at}/oauth2/v2.0/authorize`,
    token_endpoint: isAdfs ? `${at}/oauth2/token` : `${at}/oauth2/v2.0/token`,
    jwks_uri: isAdfs ? `${at}/discovery/keys` : `${at}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    grant_types_supported: ['client_credentials'],
    response_types_supported: ['token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    tenant_region_scope: null,
  };
  return json(200, document, { 'cache-control': `public, max-age=${keys.freshSeconds}` });
}

function need(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined || value === '') throw new EntraError('parameter', name);
  return value;
}

/** What the token is to be good for: of version 2 a scope that ends in `/.default`, of version 1 a resource. */
function audienceOf(form: Form): string {
  const resource = form.get('resource');
  if (resource !== undefined && form.get('scope') === undefined) return resource;
  const wanted = need(form, 'scope')
    .split(' ')
    .filter((scope) => scope.endsWith('/.default'));
  if (wanted.length !== 1) throw new EntraError('scope', 'one scope that ends in /.default is needed');
  return (wanted[0] as string).slice(0, -'/.default'.length);
}

function clientOf(form: Form): Client {
  const id = need(form, 'client_id');
  const assertion = form.get('client_assertion');
  if (assertion === undefined) return { id, secret: need(form, 'client_secret') };
  if (need(form, 'client_assertion_type').trim() !== ASSERTION_TYPE) {
    throw new EntraError('parameter', `client_assertion_type must be ${ASSERTION_TYPE}`);
  }
  return { id, assertion: assertion.trim() };
}

/** What an assertion of a client may be addressed to: this very endpoint by its names, or its tenant. */
function audiencesOf(desk: EntraDesk, request: WireRequest, tenant: string, base: string): readonly string[] {
  const bases = new Set([base, desk.address.replace(/^http:/, 'https:'), ...ALIASES.map((name) => `https://${name}`)]);
  const paths = [
    request.path,
    `/${tenant}/oauth2/v2.0/token`,
    `/${tenant}/oauth2/token`,
    `/${tenant}/v2.0`,
    `/${tenant}`,
  ];
  return [...bases].flatMap((each) => paths.map((path) => each + path));
}

/** `POST …/token`. */
function issue(desk: EntraDesk, request: WireRequest, tenant: string, base: string): Maybe<WireResponse> {
  let client: Client;
  let audience: string;
  let form: Form;
  try {
    form = readForm(request);
    if (need(form, 'grant_type') !== 'client_credentials') throw new EntraError('grant');
    client = clientOf(form);
    audience = audienceOf(form);
  } catch (error) {
    return refuse(desk, request, error as Error);
  }
  const isOld = form.get('scope') === undefined;
  const proved = desk.door.client(client, originOf(request), audiencesOf(desk, request, tenant, base));
  return then(proved, ({ caller, claimed }) => {
    const command = { audience, ...(claimed === undefined ? {} : { account: claimed }) };
    return then(desk.door.call(exchangeClient, caller, command), ({ token, expiresAt, secondsLeft }) => {
      const times = { expires_in: secondsLeft, ext_expires_in: secondsLeft };
      const old = { expires_on: String(Math.floor(expiresAt / 1000)), resource: audience };
      return json(200, { token_type: 'Bearer', ...times, ...(isOld ? old : {}), access_token: token.reveal() });
    });
  });
}

/** What is wrong as written is in the ledger too; its sender learns what it was. */
function refuse({ door }: EntraDesk, request: WireRequest, error: Error): Maybe<never> {
  const told = (): never => {
    throw error;
  };
  const command = { code: 'CREDENTIAL_MISSING', facts: {}, asked: `token${request.path}`.slice(0, 256) } as const;
  return then(door.authenticate(undefined, originOf(request)), (caller) => {
    try {
      const answer: unknown = door.call(rejectRequest, caller, command);
      return answer instanceof Promise ? answer.then(told, told) : told();
    } catch {
      return told();
    }
  });
}
