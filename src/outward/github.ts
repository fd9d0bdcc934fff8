// GitHub's API, asked whose a token is, with that token and nothing else. Answers are bounded in size, number and time, and a
// redirect is none: the token is meant for one place. Nothing of an answer is shown but names that have the form of one.
// Source: GitHub REST API, "Users", "Organizations" and "Teams", version 3.

import { Fault } from '../core/error.ts';
import type { Redacted } from '../core/redacted.ts';
import { type GithubApi, type GithubMember, mayAskAddress } from '../core/vault/github.ts';
import { exchange } from './exchange.ts';

export interface GithubOptions {
  /** How long all that one login asks may take; absent: 10 seconds. */
  readonly waitMs?: number;
}

const WAIT_MS = 10_000;
/** Ours, of one thread. */
const LOGINS_MAX = 32;
const ANSWER_BYTES_MAX: number = 2 * 1024 * 1024;
/** GitHub's own most. */
const PAGE_ITEMS = 100;
const PAGES_MAX = 10;
const TOKEN = /^[\x21-\x7e]{1,1024}$/;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;
const NEXT = /;\s*rel="?next"?/;

interface Answer {
  readonly value: unknown;
  readonly hasNext: boolean;
}

/** Undefined: the token is not taken. */
type Ask = (path: string) => Promise<Answer | undefined>;

export function openGithub({ waitMs = WAIT_MS }: GithubOptions = {}): GithubApi {
  let running = 0;
  const bounded = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    if (running >= LOGINS_MAX) throw new Fault('LIMIT_REACHED', { what: 'logins at once', limit: LOGINS_MAX });
    running++;
    try {
      return await work(AbortSignal.timeout(waitMs));
    } catch (error) {
      throw error instanceof Fault ? error : new Fault('GITHUB_UNREACHABLE', {}, { cause: error });
    } finally {
      running--;
    }
  };
  return {
    organizationId: (baseUrl, organization) =>
      bounded(async (signal) => {
        const answer = await askerOf(baseUrl, undefined, signal)(`/orgs/${encodeURIComponent(organization)}`);
        return idOf(answer?.value);
      }),
    member: (baseUrl, organizationId, token) =>
      TOKEN.test(token.reveal())
        ? bounded((signal) => memberOf(askerOf(baseUrl, token, signal), organizationId))
        : Promise.resolve(undefined),
  };
}

async function memberOf(ask: Ask, organizationId: number): Promise<GithubMember | undefined> {
  const user = await ask('/user');
  if (user === undefined) return undefined;
  const login = nameOf(user.value, 'login');
  const organizations = await askPages(ask, '/user/orgs');
  const own = organizations?.find((each) => idOf(each) === organizationId);
  if (own === undefined) return undefined;
  const teams = await askPages(ask, '/user/teams');
  if (teams === undefined) return undefined;
  const ofOwn = teams.filter((team) => idOf(memberNamed(team, 'organization')) === organizationId);
  const slugs = ofOwn.map((team) => memberNamed(team, 'slug')).filter(isName);
  return {
    login: login.toLowerCase(),
    organization: nameOf(own, 'login'),
    teams: [...new Set(slugs.map((slug) => slug.toLowerCase()))],
  };
}

/** All pages of a list. What is longer than is read is no list: of what is left out something might forbid. */
async function askPages(ask: Ask, path: string): Promise<readonly unknown[] | undefined> {
  const items: unknown[] = [];
  for (let page = 1; page <= PAGES_MAX; page++) {
    const answer = await ask(`${path}?per_page=${PAGE_ITEMS}${page === 1 ? '' : `&page=${page}`}`);
    if (answer === undefined) return undefined;
    const value = answer.value ?? [];
    if (!Array.isArray(value) || value.length > PAGE_ITEMS) throw new TypeError('a list of GitHub is none');
    items.push(...value);
    if (!answer.hasNext) return items;
  }
  throw new TypeError('a list of GitHub has no end');
}

function askerOf(baseUrl: string, token: Redacted<string> | undefined, signal: AbortSignal): Ask {
  const url = new URL(baseUrl);
  const root = url.pathname.replace(/\/+$/, '');
  const { host } = url;
  // That name is this machine's, whatever a resolver says.
  if (url.hostname === 'localhost') url.hostname = '127.0.0.1';
  const headers = {
    ...{ host, accept: 'application/vnd.github+json', 'user-agent': 'coffer' },
    ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
  };
  return async (path) => {
    const pieces: Buffer[] = [];
    const { status, headers: said } = await exchange({
      ...{ url, method: 'GET', path: root + path, headers, signal, answerBytesMax: ANSWER_BYTES_MAX },
      isAllowed: mayAskAddress,
      take: (piece) => void pieces.push(piece),
    });
    if (status === 401 || status === 403) return undefined;
    if (status !== 200) throw new TypeError(`GitHub answered with status ${status}`);
    const text = Buffer.concat(pieces).toString();
    const link = said['link'];
    return {
      value: text === '' ? undefined : JSON.parse(text),
      hasNext: typeof link === 'string' && NEXT.test(link),
    };
  };
}

function memberNamed(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** No other can have policies. */
const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value);

function nameOf(value: unknown, member: string): string {
  const name = memberNamed(value, member);
  if (!isName(name)) throw new TypeError(`GitHub's ${member} is none`);
  return name;
}

function idOf(value: unknown): number {
  const id = memberNamed(value, 'id');
  if (!Number.isSafeInteger(id) || (id as number) <= 0) throw new TypeError("GitHub's id is none");
  return id as number;
}
