// `coffer secrets update`: reads the secret, changes what the flags name, and writes that under its etag, so that two
// updates of one map at the same time both count.

import type { Context } from '../context.ts';
import { CliError, UsageError } from '../error.ts';
import { changeMap, type MapChange, parseList, parseMapChange, type TextMap } from '../maps.ts';
import { secretPath, secretRef } from '../names.ts';
import { retryConflicts } from '../policy.ts';
import { type Resource, showOne } from '../show.ts';
import { confirmExpiry } from './expiry.ts';
import { destroyTtl } from './schedule.ts';

export interface UpdateFlags {
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
  readonly nextRotationTime?: string;
  readonly removeNextRotationTime?: boolean;
  readonly rotationPeriod?: string;
  readonly removeRotationPeriod?: boolean;
  readonly removeRotationSchedule?: boolean;
  readonly expireTime?: string;
  readonly ttl?: string;
  readonly removeExpiration?: boolean;
  readonly versionDestroyTtl?: string;
  readonly removeVersionDestroyTtl?: boolean;
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
  const changes = [...mapChanges(flags), ...topicChanges(flags), ...rotationChanges(flags), ...timeChanges(flags)];
  const updateMask = changes.flatMap((change) => change.mask).join(',');
  if (updateMask === '') {
    throw new CliError(
      `There are no changes to the secret [${ref.secret}] for update. See coffer secrets update --help`,
    );
  }
  await confirmExpiry(this, flags);
  const path = secretPath(ref);
  const secret = await retryConflicts(
    async () => {
      const original = await this.session.request<Secret>('GET', path);
      const body = Object.assign({}, ...changes.map((change) => change.fields(original)));
      return this.session.request<Resource>(
        'PATCH',
        path,
        { ...body, etag: flags.etag ?? original.etag },
        { updateMask },
      );
    },
    // Only an etag that we read ourselves may be read again.
    (error) => flags.etag === undefined && error.status === 'FAILED_PRECONDITION' && /etag/i.test(error.message),
  );
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

function topicChanges(flags: UpdateFlags): Change[] {
  const given = [flags.addTopics, flags.removeTopics, flags.clearTopics || undefined].filter(
    (each) => each !== undefined,
  );
  if (given.length === 0) return [];
  if (given.length > 1) {
    throw new UsageError(
      'argument --add-topics: at most one of --add-topics | --clear-topics | --remove-topics can be specified',
    );
  }
  const added = parseList('add-topics', flags.addTopics);
  const removed = new Set(parseList('remove-topics', flags.removeTopics));
  const fields: Change['fields'] = (original) => {
    const kept = flags.clearTopics
      ? []
      : (original.topics ?? []).map((topic) => topic.name).filter((name) => !removed.has(name));
    return { topics: [...new Set([...kept, ...added])].map((name) => ({ name })) };
  };
  return [{ mask: ['topics'], fields }];
}

function rotationChanges(flags: UpdateFlags): Change[] {
  const { nextRotationTime, rotationPeriod, removeRotationSchedule } = flags;
  const time = nextRotationTime !== undefined || flags.removeNextRotationTime || removeRotationSchedule;
  const period = rotationPeriod !== undefined || flags.removeRotationPeriod || removeRotationSchedule;
  if (!time && !period) return [];
  const rotation = {
    ...(nextRotationTime === undefined ? {} : { nextRotationTime }),
    ...(rotationPeriod === undefined ? {} : { rotationPeriod }),
  };
  const mask = [...(time ? ['rotation.next_rotation_time'] : []), ...(period ? ['rotation.rotation_period'] : [])];
  return [{ mask, fields: () => (Object.keys(rotation).length === 0 ? {} : { rotation }) }];
}

function timeChanges(flags: UpdateFlags): Change[] {
  const { expireTime, ttl, removeExpiration, versionDestroyTtl, removeVersionDestroyTtl } = flags;
  const changes: Change[] = [];
  if (expireTime !== undefined) changes.push({ mask: ['expire_time'], fields: () => ({ expireTime }) });
  else if (removeExpiration) changes.push({ mask: ['expire_time'], fields: () => ({}) });
  if (ttl !== undefined) changes.push({ mask: ['ttl'], fields: () => ({ ttl }) });
  if (versionDestroyTtl !== undefined) {
    changes.push({
      mask: ['version_destroy_ttl'],
      fields: () => ({ versionDestroyTtl: destroyTtl(versionDestroyTtl) }),
    });
  } else if (removeVersionDestroyTtl) changes.push({ mask: ['version_destroy_ttl'], fields: () => ({}) });
  return changes;
}
