// `coffer secrets update`: reads the secret, changes what the flags name, and writes that under its etag, so that two
// updates of one map at the same time both count.

import type { Context } from '../context.ts';
import { CliError, UsageError } from '../error.ts';
import { oneOf } from '../flags.ts';
import { changeMap, type MapChange, parseList, parseMapChange, type TextMap } from '../maps.ts';
import { secretPath, secretRef } from '../names.ts';
import { retryStaleEtags } from '../policy.ts';
import { type Resource, showOne } from '../show.ts';
import { confirmExpiry } from './expiry.ts';
import { type ScheduleFields, type ScheduleFlags, scheduleFields } from './schedule.ts';
import { topicNames } from './topics.ts';

export interface UpdateFlags extends ScheduleFlags {
  readonly location?: string;
  readonly etag?: string;
  readonly updateLabels?: readonly string[];
  readonly removeLabels?: readonly string[];
  readonly clearLabels?: boolean;
  readonly updateAnnotations?: readonly string[];
  readonly removeAnnotations?: readonly string[];
  readonly clearAnnotations?: boolean;
  readonly updateVersionAliases?: readonly string[];
  readonly removeVersionAliases?: readonly string[];
  readonly clearVersionAliases?: boolean;
  readonly addTopics?: readonly string[];
  readonly removeTopics?: readonly string[];
  readonly clearTopics?: boolean;
  readonly removeNextRotationTime?: boolean;
  readonly removeRotationPeriod?: boolean;
  readonly removeRotationSchedule?: boolean;
  readonly removeExpiration?: boolean;
  readonly removeVersionDestroyTtl?: boolean;
  readonly regionalKmsKeyName?: string;
  readonly removeRegionalKmsKeyName?: boolean;
}

interface Secret extends Resource {
  readonly etag?: string;
  readonly topics?: readonly { readonly name: string }[];
}

interface Change {
  readonly mask: readonly string[];
  readonly fields: (original: Secret) => Readonly<Record<string, unknown>>;
}

/** @throws UsageError where no flag changes anything; ApiError as the server answers. */
export async function updateSecret(this: Context, flags: UpdateFlags, id: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  const changes = [
    ...mapChanges(flags),
    ...topicChanges(flags, ref.project),
    ...scheduleChanges(flags),
    ...keyChanges(flags, ref.location),
  ];
  const updateMask = changes.flatMap((change) => change.mask).join(',');
  if (updateMask === '') {
    throw new CliError(
      `There are no changes to the secret [${ref.secret}] for update. See coffer secrets update --help`,
    );
  }
  await confirmExpiry(this, flags);
  const path = secretPath(ref);
  const act = async () => {
    const original = await this.session.request<Secret>('GET', path);
    const body = Object.assign({}, ...changes.map((change) => change.fields(original)));
    return this.session.request<Resource>(
      'PATCH',
      path,
      { ...body, etag: flags.etag ?? original.etag },
      { updateMask },
    );
  };
  // Only an etag that we read ourselves may be read again.
  const secret = await (flags.etag === undefined ? retryStaleEtags(act) : act());
  this.out.status(`Updated secret [${ref.secret}].`);
  await showOne(this, secret, 'none');
}

function mapChanges(flags: UpdateFlags): Change[] {
  const maps: [string, string, MapChange | undefined][] = [
    [
      'labels',
      'labels',
      parseMapChange('labels', { update: flags.updateLabels, remove: flags.removeLabels, clear: flags.clearLabels }),
    ],
    [
      'annotations',
      'annotations',
      parseMapChange('annotations', {
        update: flags.updateAnnotations,
        remove: flags.removeAnnotations,
        clear: flags.clearAnnotations,
      }),
    ],
    [
      'versionAliases',
      'version_aliases',
      parseMapChange('version-aliases', {
        update: flags.updateVersionAliases,
        remove: flags.removeVersionAliases,
        clear: flags.clearVersionAliases,
      }),
    ],
  ];
  return maps.flatMap(([field, mask, change]) => {
    if (change === undefined) return [];
    return [
      { mask: [mask], fields: (original) => ({ [field]: changeMap((original[field] ?? {}) as TextMap, change) }) },
    ];
  });
}

function topicChanges(flags: UpdateFlags, project: string): Change[] {
  const { addTopics, removeTopics, clearTopics } = flags;
  oneOf(flags, ['addTopics', 'clearTopics', 'removeTopics']);
  if (addTopics === undefined && removeTopics === undefined && !clearTopics) return [];
  const added = topicNames(project, parseList('add-topics', addTopics));
  const removed = new Set(topicNames(project, parseList('remove-topics', removeTopics)));
  const fields: Change['fields'] = (original) => {
    const kept = clearTopics
      ? []
      : (original.topics ?? []).map((topic) => topic.name).filter((name) => !removed.has(name));
    return { topics: [...new Set([...kept, ...added])].map((name) => ({ name })) };
  };
  return [{ mask: ['topics'], fields }];
}

/** Each path of the update mask, and the flags that set or clear it; what is masked and absent is cleared. */
const SCHEDULE_PATHS: Readonly<Record<string, readonly (keyof UpdateFlags)[]>> = {
  'rotation.next_rotation_time': ['nextRotationTime', 'removeNextRotationTime', 'removeRotationSchedule'],
  'rotation.rotation_period': ['rotationPeriod', 'removeRotationPeriod', 'removeRotationSchedule'],
  expire_time: ['expireTime', 'removeExpiration'],
  ttl: ['ttl'],
  version_destroy_ttl: ['versionDestroyTtl', 'removeVersionDestroyTtl'],
};

function scheduleChanges(flags: UpdateFlags): Change[] {
  oneOf(flags, ['expireTime', 'ttl', 'removeExpiration']);
  const fields: ScheduleFields = scheduleFields(flags);
  const mask = Object.entries(SCHEDULE_PATHS).flatMap(([path, names]) => {
    oneOf(flags, names);
    return names.some((name) => flags[name]) ? [path] : [];
  });
  return mask.length === 0 ? [] : [{ mask, fields: () => ({ ...fields }) }];
}

function keyChanges(flags: UpdateFlags, location: string | undefined): Change[] {
  const { regionalKmsKeyName: kmsKeyName, removeRegionalKmsKeyName: removed } = flags;
  oneOf(flags, ['regionalKmsKeyName', 'removeRegionalKmsKeyName']);
  if (kmsKeyName === undefined && !removed) return [];
  if (location === undefined) {
    throw new UsageError(
      `argument --${removed ? 'remove-' : ''}regional-kms-key-name: it needs --location; ` +
        'the keys of a global secret are changed by coffer secrets replication update',
    );
  }
  const fields = kmsKeyName === undefined ? {} : { customerManagedEncryption: { kmsKeyName } };
  return [{ mask: ['customer_managed_encryption'], fields: () => fields }];
}
