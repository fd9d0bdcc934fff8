// The versions of a secret as AWS's API lists them, oldest first: those that carry labels, and with `deprecated` the newest of
// the others, each with when it was read last. Source: the API reference, ListSecretVersionIds.

import { isPastShowing, stagesOf } from '../../core/aws/stages.ts';
import { FILTER_SCAN_MAX } from '../../core/limits.ts';
import type { Need } from '../../core/ports.ts';
import type { Secret, Version } from '../../core/secret.ts';
import { type Operation, operation } from '../operation.ts';
import { type PageRequest, pageCursor } from '../paging.ts';
import { censusNeed } from '../reader-guard.ts';
import { placeOf, type SecretResult, secretTarget } from '../secrets.ts';
import { Wanting } from '../wanting.ts';
import { type AwsRef, placeOfFound } from './ref.ts';

export interface ListSeenVersions extends AwsRef, PageRequest {
  readonly deprecated: boolean;
}

export interface SeenVersion {
  readonly version: Version;
  /** Milliseconds since 1970. */
  readonly readAt?: number;
}

export interface ListedSeenVersions extends SecretResult {
  readonly versions: readonly SeenVersion[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
}

const listScope = ({ project, from, deprecated }: ListSeenVersions) =>
  `versions.listFrom ${JSON.stringify([project, from.region, from.name, deprecated])}`;

/** Those that carry a label; throws Wanting for rows that are not there yet. */
function labelled(rows: Readonly<Record<string, unknown>>, command: AwsRef, secret: Secret): readonly Version[] {
  const place = placeOfFound(command.project, secret);
  const numbers = [...new Set(stagesOf(secret).values())];
  const wanted = numbers.filter((number) => !Object.hasOwn(rows, `version ${number}`));
  if (wanted.length > 0) {
    throw new Wanting(
      Object.fromEntries(
        wanted.map((number): [string, Need] => [`version ${number}`, { need: 'version', ...place, number }]),
      ),
    );
  }
  return numbers.flatMap((number) => (rows[`version ${number}`] as Version | undefined) ?? []);
}

export const listSeenVersions: Operation<ListSeenVersions, ListedSeenVersions> = operation({
  name: 'versions.listFrom',
  help: 'list the versions of a secret that carry staging labels, or the newest others too, oldest first',
  kind: 'read',
  permission: 'secretmanager.versions.list',
  census: true,
  target: (command: ListSeenVersions) => secretTarget(command),
  needs: (command) =>
    ({
      newest: { need: 'versions', ...placeOf(command), before: 0, limit: command.deprecated ? FILTER_SCAN_MAX : 0 },
      readers: censusNeed(command),
    }) as const,
  opens: (command, keyring) => Number(pageCursor(keyring, listScope(command), command, '0')),
  decide: (input) => {
    const { command, rows, now, prepared: after } = input;
    const project = input.project(command.project);
    const secret = input.secret(command);
    const byNumber = new Map<number, Version>();
    for (const version of [...rows.newest.rows, ...labelled(rows, command, secret)]) {
      if (version.state !== 'DESTROYED' && !isPastShowing(secret, version, now)) byNumber.set(version.number, version);
    }
    const shown = [...byNumber.values()].filter(({ number }) => number > after);
    shown.sort((one, other) => one.number - other.number);
    const readAt = new Map<number, number>();
    for (const { version, lastSeenAt } of rows.readers) {
      readAt.set(version, Math.max(readAt.get(version) ?? 0, lastSeenAt));
    }
    const versions = shown.slice(0, command.pageSize).map((version): SeenVersion => {
      const time = readAt.get(version.number);
      return { version, ...(time === undefined ? {} : { readAt: time }) };
    });
    return { result: { project, secret, versions, isMore: shown.length > versions.length } };
  },
  finish: ({ isMore, ...result }, command, { keyring }) => {
    const last = result.versions.at(-1)?.version.number;
    const nextPageToken = isMore && last !== undefined ? keyring.signPage(listScope(command), String(last)) : '';
    return { ...result, nextPageToken };
  },
});
