// `coffer secrets list` and `describe`.

import type { Context } from '../context.ts';
import { parentPath, secretPath, secretRef } from '../names.ts';
import { type ListFlags, type Resource, showList, showOne } from '../show.ts';

const GLOBAL_TABLE =
  'table(name.basename():label=NAME, createTime.date():label=CREATED, ' +
  'policy_transform():label=REPLICATION_POLICY, locations_transform():label=LOCATIONS)';
const REGIONAL_TABLE = 'table(name.basename():label=NAME, createTime.date():label=CREATED)';

interface Replication {
  readonly automatic?: object;
  readonly userManaged?: { readonly replicas?: readonly { readonly location: string }[] };
}

export async function listSecrets(this: Context, flags: ListFlags & { location?: string }): Promise<void> {
  const { location } = flags;
  const parent = parentPath({ project: this.session.project, ...(location === undefined ? {} : { location }) });
  await showList(this, flags, {
    defaultFormat: location === undefined ? GLOBAL_TABLE : REGIONAL_TABLE,
    transforms: { policy_transform: replicationPolicy, locations_transform: replicationLocations },
    serverFilters: true,
    uri: (secret) => `${this.session.connection.address}/v1/${secret['name']}`,
    fetch: async (query) => {
      const page = await this.session.request<{ secrets?: Resource[]; nextPageToken?: string }>(
        'GET',
        `${parent}/secrets`,
        undefined,
        { ...query },
      );
      return { items: page.secrets ?? [], nextPageToken: page.nextPageToken };
    },
  });
}

export async function describeSecret(this: Context, flags: { location?: string }, id: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  await showOne(this, await this.session.request<Resource>('GET', secretPath(ref)));
}

function replicationOf(secret: unknown): Replication {
  return (secret as { replication?: Replication }).replication ?? {};
}

function replicationPolicy(secret: unknown): string {
  const { automatic, userManaged } = replicationOf(secret);
  if (automatic !== undefined) return 'automatic';
  return userManaged === undefined ? 'ERROR' : 'user_managed';
}

function replicationLocations(secret: unknown): string {
  const { automatic, userManaged } = replicationOf(secret);
  if (automatic !== undefined) return '-';
  return userManaged?.replicas?.map((replica) => replica.location).join(',') ?? 'ERROR';
}
