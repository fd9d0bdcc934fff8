// Durations and rotation schedules in flags, as the API wants them: seconds with an `s`.

import { UsageError } from '../error.ts';

export interface RotationFlags {
  readonly nextRotationTime?: string;
  readonly rotationPeriod?: string;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `86400s`, `24h`, `1d12h` or a bare number of seconds, as seconds. @throws UsageError naming the flag. */
export function durationSeconds(flag: string, text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  if (!/^(\d{1,12}[smhdw])+$/.test(text)) {
    throw new UsageError(`argument --${flag}: [${text}] is not a duration like 86400s, 24h or 1d`);
  }
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g))
    seconds += Number(count) * (SECONDS[unit as string] ?? 0);
  return seconds;
}

export function destroyTtl(text: string): string {
  return `${durationSeconds('version-destroy-ttl', text)}s`;
}

/** The rotation of a secret; undefined where no flag asks for one. */
export function rotation(flags: RotationFlags): { nextRotationTime?: string; rotationPeriod?: string } | undefined {
  const { nextRotationTime, rotationPeriod } = flags;
  if (nextRotationTime === undefined && rotationPeriod === undefined) return undefined;
  return {
    ...(nextRotationTime === undefined ? {} : { nextRotationTime }),
    ...(rotationPeriod === undefined ? {} : { rotationPeriod }),
  };
}
