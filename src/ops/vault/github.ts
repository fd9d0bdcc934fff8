// People who log in with a token of GitHub's: who is in the organization gets in, his teams and his name say with which
// policies. GitHub is asked before the login is judged, with the token, which is kept nowhere; so it cannot be asked again
// at a renewal, and a token of such a login is not renewed: he logs in anew.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/github

import { Fault } from '../../core/error.ts';
import { isWithin } from '../../core/vault/cidr.ts';
import { GITHUB_API, problemOfGithubUrl } from '../../core/vault/github.ts';
import { DEFAULT_PROJECT } from '../bootstrap.ts';
import { tokenOfLogin, tokenSettings } from './auth-methods.ts';
import { type Data, integerField, invalid, listField, textField } from './fields.ts';
import { entityOfLogin } from './identity-login.ts';
import { refreshMemberships } from './identity-memberships.ts';
import { policyName } from './policies.ts';
import type { Handler, Inquiry, VaultCall, VaultRoute } from './route.ts';
import { mintToken } from './token-create.ts';

/** Ours, of teams and of users. */
const MAPPED_MAX = 10_000;
const POLICIES_CHARS_MAX = 4096;
const POLICIES_MAX = 100;
const KEY = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;
/** Its policies are everybody's. */
const EVERYBODY = 'default';

type Params = VaultCall['params'];
const configId = (params: Params) => `auth/${params['uid']}/config`;
const mapPrefix = (params: Params, map: string) => `auth/${params['uid']}/map/${map}/`;

interface Config {
  readonly organization: string;
  /** 0: not known yet. */
  readonly organizationId: number;
  readonly baseUrl: string;
}

function configFrom(data: Data | undefined): Config {
  const { organization = '', organization_id: organizationId = 0, base_url: baseUrl = '' } = data ?? {};
  return { organization, organizationId, baseUrl } as Config;
}

/** The config as it will be; throws for what it cannot be. */
function asked({ view, params, data }: Pick<VaultCall, 'view' | 'params' | 'data'>): Config {
  const known = configFrom(view.get(configId(params))?.data);
  const organization = textField(data, 'organization') ?? known.organization;
  if (organization === '') throw invalid('organization is a required parameter');
  if (!KEY.test(organization)) throw invalid('organization must be the name that GitHub has it by');
  const baseUrl = textField(data, 'base_url') ?? known.baseUrl;
  const problem = baseUrl === '' ? undefined : problemOfGithubUrl(baseUrl, view.project.id === DEFAULT_PROJECT);
  if (problem !== undefined) throw invalid(`base_url ${problem}`);
  const isSame = organization === known.organization && baseUrl === known.baseUrl;
  const organizationId = integerField(data, 'organization_id') ?? (isSame ? known.organizationId : 0);
  if (organizationId < 0) throw invalid('organization_id must be positive');
  return { organization, organizationId, baseUrl };
}

const CHANGED = 'the config of this method was just changed: try again';

const configInquiry: Inquiry = {
  entry: configId,
  ask: async (call, github) => {
    const config = asked(call);
    if (config.organizationId > 0) return { github: config };
    const organizationId = await github.organizationId(config.baseUrl || GITHUB_API, config.organization);
    return { github: { ...config, organizationId } };
  },
};

const writeConfig: Handler = (call) => {
  const { view, params, data, made } = call;
  const { organization, organizationId, baseUrl } = asked(call);
  const { github } = made;
  if (github?.organization !== organization || github.baseUrl !== baseUrl) throw invalid(CHANGED);
  const settings = tokenSettings(data, view.get(configId(params))?.data ?? {});
  const own = { organization, organization_id: organizationId || github.organizationId, base_url: baseUrl };
  view.put({ id: configId(params), data: { ...settings, ...own } });
  return {};
};

const readConfig: Handler = ({ view, params }) => {
  const data = view.get(configId(params))?.data;
  if (data === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'config' });
  return { data };
};

/** Throws for what is no name of GitHub's: letters of other alphabets could look, or be folded, alike. */
function keyOf({ params }: VaultCall): string {
  const key = params['key'] ?? '';
  if (!KEY.test(key)) throw invalid('a team is named by its slug, a user by his login: letters, digits and . _ -');
  return key.toLowerCase();
}

function mapRoutes(map: 'teams' | 'users', who: string): readonly VaultRoute[] {
  const idOf = (call: VaultCall) => mapPrefix(call.params, map) + keyOf(call);
  const write: Handler = (call) => {
    const { view, data, params } = call;
    const value = listField(data, 'value')?.join(',') ?? '';
    if (value.length > POLICIES_CHARS_MAX) throw invalid(`value: at most ${POLICIES_CHARS_MAX} characters are allowed`);
    for (const name of value.split(',').filter(Boolean)) policyName(name);
    const id = idOf(call);
    if (view.get(id) === undefined && view.below(mapPrefix(params, map), MAPPED_MAX).length >= MAPPED_MAX) {
      throw new Fault('LIMIT_REACHED', { what: `${map} of one auth method`, limit: MAPPED_MAX });
    }
    view.put({ id, data: { value } });
    return {};
  };
  return [
    {
      path: `github!map/${map}`,
      help: `List the ${map} that have policies.`,
      list: ({ view, params }) => {
        const prefix = mapPrefix(params, map);
        return { data: { keys: view.below(prefix, MAPPED_MAX).map(({ id }) => id.slice(prefix.length)) } };
      },
    },
    {
      path: `github!map/${map}/:key`,
      help: `Read, write or delete the policies of ${who}.`,
      // Vault answers one that is not there without a value.
      read: (call) => {
        const value = call.view.get(idOf(call))?.data['value'];
        return { data: value === undefined ? {} : { key: call.params['key'], value } };
      },
      write,
      delete: (call) => {
        call.view.remove(idOf(call));
        return {};
      },
    },
  ];
}

const loginInquiry: Inquiry = {
  entry: configId,
  ask: async ({ view, params, credential }, github) => {
    const config = configFrom(view.get(configId(params))?.data);
    if (config.organization === '' || credential === undefined) return {};
    checkNear(view.get(configId(params))?.data, view.caller.peer);
    const member = await github.member(config.baseUrl || GITHUB_API, config.organizationId, credential);
    if (member === undefined) throw new Fault('GITHUB_MEMBER_UNKNOWN');
    return { github: { ...config, member } };
  },
};

function checkNear(config: Data | undefined, peer: string): void {
  const bound = (config?.['token_bound_cidrs'] as readonly string[] | undefined) ?? [];
  if (bound.length > 0 && !isWithin(peer, bound))
    throw new Fault('PERMISSION_DENIED', { permission: 'login', resource: 'an address that logins are not bound to' });
}

const login: Handler = (call) => {
  const { view, params, made } = call;
  const settings = view.get(configId(params))?.data;
  if (settings === undefined) throw invalid('configuration has not been set');
  if (made.github === undefined) throw invalid('missing token');
  const { member, organizationId, baseUrl } = made.github;
  const now = configFrom(settings);
  if (member === undefined || organizationId !== now.organizationId || baseUrl !== now.baseUrl) throw invalid(CHANGED);
  checkNear(settings, view.caller.peer);
  const ids = [
    ...[EVERYBODY, ...member.teams].map((slug) => mapPrefix(params, 'teams') + slug),
    ...[EVERYBODY, member.login].map((name) => mapPrefix(params, 'users') + name),
  ];
  const mapped = view.all(ids).flatMap((row) => listField(row?.data ?? {}, 'value')?.map(policyName) ?? []);
  const policies = [...new Set([...(settings['token_policies'] as readonly string[]), ...mapped])];
  if (policies.length > POLICIES_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'policies of one token', limit: POLICIES_MAX });
  }
  const entity = entityOfLogin(view, params['accessor'] ?? '', member.login);
  refreshMemberships(view, entity, params['accessor'] ?? '', member.teams);
  const about = {
    displayName: `${(params['mount'] ?? '').slice(0, -1)}-${member.login}`,
    path: call.path,
    meta: { username: member.login, org: member.organization },
    entity,
  };
  const token = tokenOfLogin({ ...settings, token_policies: policies }, about);
  return mintToken(view, { ...token, renewable: false }, made.hash);
};

export const GITHUB_LOGIN_ROUTE = 'github!login';

export const GITHUB_ROUTES: readonly VaultRoute[] = [
  {
    path: 'github!config',
    help: 'Read or set the organization, and where GitHub is.',
    inquiry: configInquiry,
    read: readConfig,
    write: writeConfig,
  },
  ...mapRoutes('teams', 'a team'),
  ...mapRoutes('users', 'a user'),
  {
    path: GITHUB_LOGIN_ROUTE,
    help: 'Log in with a token of GitHub.',
    ...{ open: true, issues: true },
    inquiry: loginInquiry,
    write: login,
  },
];
