// A secret made by AWS's API, with its first version where a value came. It is the global one with the region as its home,
// or, where a secret that the region does not see has that name, one of the region. A request that comes again with the
// same token and value answers what it made. Sources: the API reference, CreateSecret, and design "Location".

import { type AwsSettings, isSeenFrom } from '../../core/aws/secret.ts';
import { CURRENT } from '../../core/aws/stages.ts';
import { parseTags } from '../../core/aws/tags.ts';
import { Fault } from '../../core/error.ts';
import { secretEvent, versionEvent } from '../../core/events.ts';
import { AWS_NAME_CHARS_MAX } from '../../core/limits.ts';
import { GLOBAL, type Location, type ProjectRef, parseSecretName, type SecretName } from '../../core/name.ts';
import type { Change, Need } from '../../core/ports.ts';
import type { Labels, Secret } from '../../core/secret.ts';
import { namedKey, wrappingFor } from '../customer-keys.ts';
import { type NewSealed, sealNew } from '../new-version.ts';
import { type Input, type Operation, operation, secretFacts } from '../operation.ts';
import { blankSecret, clearName, eventOf } from '../secrets.ts';
import { type AwsValue, labelled } from './put-version.ts';
import { type AwsResult, awsRef, idNeed, repeated } from './ref.ts';
import { type AskedReplica, copyNeeds, withReplicas } from './replicate.ts';

export interface CreateAwsSecret extends Pick<AwsSettings, 'description' | 'kmsKeyId' | 'type'> {
  readonly project: ProjectRef;
  readonly region: Location;
  readonly name: SecretName;
  readonly value?: AwsValue;
  readonly tags?: Labels;
  readonly replicas?: readonly AskedReplica[];
  /** A secret of that name in a replica's region gives way. */
  readonly overwrite?: true;
}

interface Prepared {
  /** Of a request with a value. */
  readonly sealed?: NewSealed;
  readonly customerKey?: string;
}

const refOf = ({ project, region, name }: CreateAwsSecret) => awsRef(project, { region, name });

/** A name that may be stored: paths may begin with a `/`, as AWS's own often do. */
function checkName(name: SecretName): void {
  try {
    parseSecretName(name.startsWith('/') ? name.slice(1) : name, AWS_NAME_CHARS_MAX);
  } catch {
    throw new Fault('SECRET_ID_INVALID');
  }
}

interface CreateNeeds {
  readonly [row: string]: Need;
  readonly existing: ReturnType<typeof idNeed>;
  readonly seen: Need & { need: 'secret' };
  readonly global: Need & { need: 'secret' };
  readonly regional: Need & { need: 'secret' };
}

/** Where the secret goes, and what has to go from there; throws SECRET_EXISTS or SECRET_DELETED. */
function placeFor(
  input: Input<CreateAwsSecret, CreateNeeds, unknown>,
  facts: ReturnType<typeof secretFacts>,
): { readonly location: Location; readonly cleared: readonly Change[] } {
  const { region } = input.command;
  const { global, regional, seen } = input.rows;
  const isOver = global?.purgeAt !== undefined && global.purgeAt <= input.now;
  const taken = seen ?? regional ?? (global !== undefined && isSeenFrom(global, region) ? global : undefined);
  const cleared = clearName(input, facts, taken);
  const isFree = global === undefined || isOver || isSeenFrom(global, region);
  // What is over and not swept yet has the name, whoever saw it.
  const over = isOver && taken?.uid !== global.uid ? clearName(input, facts, global) : [];
  return { location: isFree ? GLOBAL : region, cleared: [...cleared, ...over] };
}

export const createAwsSecret: Operation<CreateAwsSecret, AwsResult> = operation({
  name: 'secrets.createFrom',
  help: 'make a secret of a region, with its first version where a value came',
  kind: 'write',
  permission: 'secretmanager.secrets.create',
  target: ({ project, name }: CreateAwsSecret) => ({
    project,
    creates: `secrets/${name}`,
    asked: `projects/${project}`,
  }),
  needs: (command): CreateNeeds => {
    const { project, region, value, replicas } = command;
    const ref = refOf(command);
    const at = (location: Location) => ({ need: 'secret', project, location, key: ref.key, deleted: true }) as const;
    return {
      ...copyNeeds(ref, replicas),
      existing: idNeed(ref, value?.token ?? ''),
      seen: { need: 'secret', project, key: ref.key, from: ref.from },
      global: at(GLOBAL),
      regional: at(region),
    };
  },
  prepare: (input, keyring): { carried: Prepared } => {
    const { value, name, region, kmsKeyId } = input.command;
    checkName(name);
    const project = input.project(input.command.project);
    const key = namedKey(input, project, region, kmsKeyId);
    if (value === undefined) return { carried: key };
    const { payload } = value;
    const made = { payload, secretUid: input.entropy.uid(), uid: input.entropy.uid() };
    const wrapping = wrappingFor(input, project, { aws: { changedAt: 0, ...key } });
    return { carried: { ...key, sealed: sealNew(keyring, project, { ...made, ...wrapping }) } };
  },
  carried: ({ value, ...command }) => {
    if (value === undefined) return command;
    const { payload: _sealed, ...rest } = value;
    return { ...command, value: rest };
  },
  decide: (input) => {
    const { command, now, entropy, rows } = input;
    const { sealed: prepared, customerKey } = input.prepared;
    const { name, region, value, description, kmsKeyId, type } = command;
    const project = input.project(command.project);
    const { seen, existing } = rows;
    if (seen !== undefined && seen.purgeAt === undefined && prepared !== undefined && value !== undefined) {
      const version = repeated(seen, existing, prepared, value);
      if (version !== undefined) return { result: { project, secret: seen, version }, version: version.number };
    }
    const { location, cleared } = placeFor(input, secretFacts(project, name));
    const uid = prepared?.secretUid ?? entropy.uid();
    const made: Secret = {
      ...blankSecret(project, name, { uid, location, createdAt: now, etag: entropy.etag() }),
      ...parseTags(command.tags ?? {}),
      aws: {
        // A first version comes later than the change before it: now.
        changedAt: value === undefined ? now : now - 1,
        ...(location === GLOBAL ? { home: region } : {}),
        ...(description === undefined ? {} : { description }),
        ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
        ...(customerKey === undefined ? {} : { customerKey }),
        ...(type === undefined ? {} : { type }),
      },
    };
    const { secret: copied, cleared: overwritten } = withReplicas(input, made, region, command);
    const first =
      prepared === undefined || value === undefined
        ? undefined
        : { ...labelled(copied, { now, entropy, prepared }, value, [CURRENT]), sealed: prepared.sealed };
    const secret = first?.secret ?? copied;
    const about = () => eventOf(input, project, secret);
    const [versions, events] =
      first === undefined
        ? [[], []]
        : [
            [{ change: 'version.insert', version: first.version, sealed: first.sealed } as const],
            [versionEvent('SECRET_VERSION_ADD', { ...about(), version: first.version })],
          ];
    return {
      result: { project, secret, ...(first === undefined ? {} : { version: first.version }) },
      changes: [...cleared, ...overwritten, { change: 'secret.insert', secret }, ...versions],
      events: [secretEvent('SECRET_CREATE', about()), ...events],
      ...(first === undefined ? {} : { version: first.version.number }),
      details: { region },
    };
  },
});
