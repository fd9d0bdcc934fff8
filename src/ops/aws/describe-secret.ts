// What a secret is, as AWS's API shows it: with the versions that carry labels, and when it was read last, which the census
// knows. For the lists too, a page of them at a time.

import { stagesOf } from '../../core/aws/stages.ts';
import type { SightingOfVersion } from '../../core/census.ts';
import type { Need, Needs } from '../../core/ports.ts';
import type { Secret, Version } from '../../core/secret.ts';
import { type Operation, operation } from '../operation.ts';
import { type SecretResult, secretTarget } from '../secrets.ts';
import { Wanting } from '../wanting.ts';
import { type AwsRef, placeOfFound } from './ref.ts';

/** What is told of a secret beside itself. */
export interface Told {
  readonly secret: Secret;
  /** Those that carry a label and can be read, by number. */
  readonly versions: readonly Version[];
  /** Milliseconds since 1970; absent: nobody is known to have read it. */
  readonly readAt?: number;
}

export interface DescribedSecret extends SecretResult, Told {}

/** What `secrets` are told with; throws Wanting for rows that are not there yet. */
export function tell(
  rows: Readonly<Record<string, unknown>>,
  project: AwsRef['project'],
  secrets: readonly Secret[],
): readonly Told[] {
  const wanted: Record<string, Need> = {};
  const row = <T>(name: string, need: () => Need): T | undefined => {
    if (!Object.hasOwn(rows, name)) wanted[name] = need();
    return rows[name] as T | undefined;
  };
  const told = secrets.map((secret): Told => {
    const place = placeOfFound(project, secret);
    const numbers = [...new Set(stagesOf(secret).values())].sort((one, other) => one - other);
    const versions = numbers.flatMap((number) => {
      const found = row<Version>(`version ${secret.uid} ${number}`, () => ({ need: 'version', ...place, number }));
      return found === undefined || found.state === 'DESTROYED' ? [] : [found];
    });
    const [newest] =
      row<readonly SightingOfVersion[]>(`census ${secret.uid}`, () => ({ need: 'census', ...place, limit: 1 })) ?? [];
    return { secret, versions, ...(newest === undefined ? {} : { readAt: newest.lastSeenAt }) };
  });
  if (Object.keys(wanted).length > 0) throw new Wanting(wanted as Needs);
  return told;
}

export const describeSecret: Operation<AwsRef, DescribedSecret> = operation({
  name: 'secrets.describe',
  help: 'show what a secret is, its labelled versions, and when it was read last',
  kind: 'read',
  permission: 'secretmanager.secrets.get',
  census: true,
  target: (command: AwsRef) => secretTarget(command),
  decide: (input) => {
    const project = input.project(input.command.project);
    const secret = input.secret(input.command);
    const [told] = tell(input.rows, input.command.project, [secret]);
    return { result: { project, ...(told as Told) } };
  },
});
