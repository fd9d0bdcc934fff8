// Every route of a vault's secrets, and what answers it. A trailing slash means the latest version. A path of another
// collection is known, and says that this server does not have it. Source: the Key Vault REST reference, secrets.

import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import { readBackupBlob } from '../../core/secret-backup.ts';
import { backUpSecret, restoreBackup } from '../../ops/backup-of-secret.ts';
import { listCurrent } from '../../ops/current-versions.ts';
import { getDeletedSecret, purgeDeletedSecret, restoreSecret } from '../../ops/deleted-secrets.ts';
import { then } from '../../ops/maybe.ts';
import { deleteSecret } from '../../ops/secrets.ts';
import { setSecret } from '../../ops/set-secret.ts';
import { updateVersion } from '../../ops/update-version.ts';
import { accessVersion, type ListedVersions, listVersions } from '../../ops/versions.ts';
import type { Call } from './call.ts';
import { decodeBlob, decodeSegment, decodeSet, decodeUpdate, decodeVersion } from './decode.ts';
import { encodeBundle, encodeDeleted, encodeVersion, RECOVERY_SECONDS } from './encode.ts';

/** Undefined: nothing is answered but that it was done. */
type Answer = Maybe<object | undefined>;

export interface Route {
  readonly verb: string;
  readonly handle: (call: Call) => Answer;
}

/** A route with what its path names. */
export interface Found {
  readonly collection: string;
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** What the path takes, by method. */
  readonly methods: Readonly<Record<string, Route>>;
}

export const COLLECTIONS: ReadonlySet<string> = new Set([
  ...['secrets', 'deletedsecrets', 'keys', 'deletedkeys', 'certificates', 'deletedcertificates', 'rng'],
]);

const get: Route = {
  verb: 'get',
  handle: (call) =>
    then(
      call.run(accessVersion, { ...call.secret(), selector: decodeVersion(call.version) }),
      ({ secret, version, payload }) => encodeBundle(call.origin, secret, version, payload.reveal()),
    ),
};

const set: Route = {
  verb: 'set',
  handle: (call) => {
    const body = decodeSet(call.body);
    const command = { ...call.secret(), name: call.name(), ...body };
    return then(call.run(setSecret, command), ({ secret, version }) =>
      encodeBundle(call.origin, secret, version, body.payload.reveal()),
    );
  },
};

const update: Route = {
  verb: 'update',
  handle: (call) => {
    const command = { ...call.secret(), selector: decodeVersion(call.version), ...decodeUpdate(call.body) };
    return then(call.run(updateVersion, command), ({ secret, version }) => encodeVersion(call.origin, secret, version));
  },
};

const remove: Route = {
  verb: 'delete',
  handle: (call) =>
    then(call.run(deleteSecret, { ...call.secret(), recoverySeconds: RECOVERY_SECONDS }), ({ secret, version }) =>
      encodeDeleted(call.origin, secret, version),
    ),
};

/** A page of a list; `path` is where the next one is. */
function page(call: Call, path: string, value: readonly object[], token: string): object {
  const { apiVersion, maxResults } = call.query;
  const rest = `api-version=${encodeURIComponent(apiVersion)}&$skiptoken=${token}&maxresults=${maxResults}`;
  return { value, nextLink: token === '' ? null : `${call.origin}${path}?${rest}` };
}

function listRoute(deleted: boolean): Route {
  return {
    verb: 'list',
    handle: (call) => {
      const { maxResults: pageSize, pageToken } = call.query;
      const encode = deleted ? encodeDeleted : encodeVersion;
      return then(
        call.run(listCurrent, { project: call.project, deleted, pageSize, pageToken }),
        ({ secrets, nextPageToken }) =>
          page(
            call,
            deleted ? '/deletedsecrets' : '/secrets',
            secrets.map(({ secret, version }) => encode(call.origin, secret, version, true)),
            nextPageToken,
          ),
      );
    },
  };
}

const versions: Route = {
  verb: 'list',
  handle: (call) => {
    const { maxResults: pageSize, pageToken } = call.query;
    const listed = ({ secret, versions: all, nextPageToken }: ListedVersions) => {
      // What is destroyed is gone.
      const shown = all.filter(({ state }) => state !== 'DESTROYED');
      const items = shown.map((version) => encodeVersion(call.origin, secret, version));
      return page(call, `/secrets/${call.name()}/versions`, items, nextPageToken);
    };
    return noneOf(() => then(call.run(listVersions, { ...call.secret(), pageSize, pageToken }), listed), {
      value: [],
      nextLink: null,
    });
  },
};

/** A name that nothing has is an empty list. */
function noneOf(list: () => Maybe<object>, none: object): Maybe<object> {
  const missing = (error: unknown) => {
    if (error instanceof Fault && (error.code === 'SECRET_NOT_FOUND' || error.code === 'SECRET_AMBIGUOUS')) return none;
    throw error;
  };
  try {
    const answer = list();
    return answer instanceof Promise ? answer.catch(missing) : answer;
  } catch (error) {
    return missing(error);
  }
}

const backup: Route = {
  verb: 'backup',
  handle: (call) =>
    then(call.run(backUpSecret, call.secret()), ({ blob }) => ({ value: Buffer.from(blob).toString('base64url') })),
};

const restore: Route = {
  verb: 'restore',
  handle: (call) =>
    then(
      call.run(restoreBackup, { project: call.project, ...readBackupBlob(decodeBlob(call.body)) }),
      ({ secret, version }) => encodeVersion(call.origin, secret, version),
    ),
};

const getDeleted: Route = {
  verb: 'get',
  handle: (call) =>
    then(call.run(getDeletedSecret, call.secret()), ({ secret, version }) =>
      encodeDeleted(call.origin, secret, version),
    ),
};

const purge: Route = {
  verb: 'purge',
  handle: (call) => then(call.run(purgeDeletedSecret, call.secret()), () => undefined),
};

const recover: Route = {
  verb: 'recover',
  handle: (call) =>
    then(call.run(restoreSecret, call.secret()), ({ secret, version }) =>
      version === undefined ? {} : encodeVersion(call.origin, secret, version),
    ),
};

const OF_SECRET = { GET: get, PUT: set, PATCH: update, DELETE: remove };

/** What a path names and takes; undefined where there is no such path. */
export function findRoute(path: string): Found | undefined {
  const [collection = '', name, last, ...more] = path.slice(1).split('/').map(decodeSegment);
  const found = (methods: Found['methods'], version?: string) => ({ collection, name, version, methods });
  if (more.length > 0) return undefined;
  if (collection === 'secrets') {
    if (name === undefined || (name === '' && last === undefined)) return found({ GET: listRoute(false) });
    if (last === undefined || last === '')
      return found(name === 'restore' ? { ...OF_SECRET, POST: restore } : OF_SECRET);
    if (last === 'versions') return found({ GET: versions });
    if (last === 'backup') return found({ POST: backup });
    return found({ GET: get, PATCH: update }, last);
  }
  if (collection !== 'deletedsecrets') return undefined;
  if (name === undefined || (name === '' && last === undefined)) return found({ GET: listRoute(true) });
  if (last === undefined || last === '') return found({ GET: getDeleted, DELETE: purge });
  return last === 'recover' ? found({ POST: recover }) : undefined;
}
