// What Google's metadata server knows about a Cloud Run instance, as a tree: directories are objects, leaves are text,
// numbers or functions. Listings, `recursive=true` and `alt` follow
// https://cloud.google.com/compute/docs/metadata/querying-metadata.

import type { IdentityContext } from './identity.ts';

export interface MetadataReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Lookup {
  /** Decoded path below `/computeMetadata/v1/`, without empty parts. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

/** What only a request can bring forth; left out of recursive answers, as Google does. */
type Computed = (query: URLSearchParams) => Promise<MetadataReply>;
type Leaf = string | number | readonly string[];
interface Directory {
  readonly [name: string]: Directory | Leaf | Computed;
}

const REGION = 'us-central1';
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];
/** The server's own bound of an audience. */
const AUDIENCE_CHARS_MAX = 1024;

/** What it tells of. */
export type MetadataContext = Pick<IdentityContext, 'email' | 'projectId' | 'projectNumber' | 'token' | 'idToken'>;

export class MetadataTree {
  readonly #root: Directory;

  constructor(context: MetadataContext, instanceId: string, now: () => number = Date.now) {
    const account: Directory = {
      aliases: ['default'],
      email: context.email,
      // `format` and `licenses` ask for claims about a virtual machine, of which Cloud Run has none.
      identity: async (query) => {
        const audience = query.get('audience') ?? '';
        if (audience === '') return text(400, 'non-empty audience parameter required\n');
        if (audience.length > AUDIENCE_CHARS_MAX) return text(400, 'the audience parameter is too long\n');
        return text(200, await context.idToken(audience));
      },
      scopes: SCOPES,
      token: async () => {
        const { accessToken, expiresAtMs } = await context.token();
        const expiresIn = Math.max(0, Math.floor((expiresAtMs - now()) / 1000));
        return json({ access_token: accessToken, expires_in: expiresIn, token_type: 'Bearer' });
      },
    };
    const number = context.projectNumber;
    this.#root = {
      instance: {
        attributes: {},
        id: instanceId,
        region: `projects/${number}/regions/${REGION}`,
        'service-accounts': { default: account, [context.email]: account },
        zone: `projects/${number}/zones/${REGION}-1`,
      },
      project: {
        attributes: {},
        'numeric-project-id': Number(number),
        'project-id': context.projectId,
      },
      universe: { 'universe-domain': 'googleapis.com' },
    };
  }

  /** The answer for one path. Rejects only where the token behind it cannot be had. */
  async find(lookup: Lookup): Promise<MetadataReply> {
    let node: Directory | Leaf | Computed = this.#root;
    for (const part of lookup.parts) {
      const next: Directory | Leaf | Computed | undefined = isDirectory(node) ? own(node, part) : undefined;
      if (next === undefined) return text(404, 'not found\n');
      node = next;
    }
    if (typeof node === 'function') return node(lookup.query);
    if (isDirectory(node)) return directoryReply(node, lookup.query);
    return lookup.query.get('alt') === 'json' ? json(node) : text(200, leafText(node));
  }
}

export function text(status: number, body: string): MetadataReply {
  return { status, contentType: 'application/text', body };
}

function json(value: unknown): MetadataReply {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) };
}

function directoryReply(directory: Directory, query: URLSearchParams): MetadataReply {
  const recursive = query.get('recursive')?.toLowerCase() === 'true';
  if (!recursive) return text(200, listing(directory));
  if (query.get('alt') === 'text') return text(200, flatten(directory, '').join(''));
  return json(camelCased(directory));
}

/** One entry a line, directories with a slash. */
function listing(directory: Directory): string {
  return Object.entries(directory)
    .map(([name, node]) => (isDirectory(node) ? `${name}/\n` : `${name}\n`))
    .join('');
}

function camelCased(directory: Directory): Record<string, unknown> {
  const entries = Object.entries(directory).filter(([, node]) => typeof node !== 'function');
  return Object.fromEntries(
    entries.map(([name, node]) => [
      name.includes('@') ? name : name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      isDirectory(node) ? camelCased(node) : node,
    ]),
  );
}

function flatten(directory: Directory, prefix: string): string[] {
  return Object.entries(directory).flatMap(([name, node]) => {
    if (typeof node === 'function') return [];
    if (isDirectory(node)) return flatten(node, `${prefix}${name}/`);
    return [`${prefix}${name} ${leafText(node).trimEnd()}\n`];
  });
}

function leafText(leaf: Leaf): string {
  return isList(leaf) ? leaf.map((line) => `${line}\n`).join('') : String(leaf);
}

function isDirectory(node: Directory | Leaf | Computed): node is Directory {
  return typeof node === 'object' && !isList(node);
}

function isList(node: Directory | Leaf): node is readonly string[] {
  return Array.isArray(node);
}

function own(directory: Directory, name: string): Directory | Leaf | Computed | undefined {
  return Object.hasOwn(directory, name) ? directory[name] : undefined;
}
