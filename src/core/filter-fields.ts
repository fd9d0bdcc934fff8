// What can be filtered by: the fields of secrets and versions under the names of resources.proto. A name is sought in the
// last part alone, unless what is sought holds a slash: or else `name:secret` would match the word in every full name.

import type { FieldKinds, FieldRow, Scalar } from './filter-comparison.ts';
import { GLOBAL, locationPart, secretKey } from './name.ts';
import type { Project, Secret, Version } from './secret.ts';

export const SECRET_FIELDS: FieldKinds = {
  name: 'name',
  create_time: 'time',
  etag: 'text',
  labels: 'map',
  annotations: 'map',
  version_aliases: 'numbers',
  expire_time: 'time',
  version_destroy_ttl: 'seconds',
  topics: 'text',
  'topics.name': 'text',
  rotation: 'some',
  'rotation.next_rotation_time': 'time',
  'rotation.rotation_period': 'seconds',
  'replication.automatic': 'some',
  'replication.user_managed': 'some',
  'replication.user_managed.replicas': 'some',
  'replication.user_managed.replicas.location': 'text',
};

export const VERSION_FIELDS: FieldKinds = {
  name: 'name',
  create_time: 'time',
  destroy_time: 'time',
  scheduled_destroy_time: 'time',
  state: 'text',
  etag: 'text',
  client_specified_payload_checksum: 'text',
};

/** The last part of a name, then the whole by the project's number and by its id. */
function names(project: Project, { location, name }: Secret, below: string, last: string): readonly string[] {
  const rest = `${locationPart(location)}secrets/${secretKey(name)}${below}`;
  return [last, `projects/${project.number}/${rest}`, `projects/${project.id}/${rest}`];
}

const maybe = (value: Scalar | undefined): readonly Scalar[] => (value === undefined ? [] : [value]);
const some = (present: boolean): readonly Scalar[] => (present ? ['*'] : []);

/** A secret as a filter sees it. */
export function secretRow(project: Project, secret: Secret): FieldRow {
  const { rotation } = secret;
  return {
    name: names(project, secret, '', secretKey(secret.name)),
    create_time: [secret.createdAt],
    etag: [secret.etag],
    labels: secret.labels,
    annotations: secret.annotations,
    version_aliases: secret.versionAliases,
    expire_time: maybe(secret.expiresAt),
    version_destroy_ttl: maybe(secret.versionDestroyTtlSeconds),
    topics: secret.topics,
    'topics.name': secret.topics,
    rotation: some(rotation !== undefined),
    'rotation.next_rotation_time': maybe(rotation?.nextAt),
    'rotation.rotation_period': maybe(rotation?.periodSeconds),
    ...replicationRow(secret),
  };
}

function replicationRow({ location: home, replication: { locations } }: Secret): FieldRow {
  const managed = some(locations.length > 0);
  return {
    'replication.automatic': some(home === GLOBAL && locations.length === 0),
    'replication.user_managed': managed,
    'replication.user_managed.replicas': managed,
    'replication.user_managed.replicas.location': locations.map(({ location }) => location),
  };
}

/** A version as a filter sees it. */
export function versionRow(project: Project, secret: Secret, version: Version): FieldRow {
  const number = String(version.number);
  return {
    name: names(project, secret, `/versions/${number}`, number),
    create_time: [version.createdAt],
    destroy_time: maybe(version.destroyedAt),
    scheduled_destroy_time: maybe(version.scheduledDestroyAt),
    state: [version.state],
    etag: [version.etag],
    client_specified_payload_checksum: [String(version.clientChecksum)],
  };
}
