// The functions of IAM conditions that plain CEL lacks, or that CEL's library answers by the clock of this machine's own
// time zone. Types are checked before (condition-check.ts), so an implementation can rely on them.
// Source: https://cloud.google.com/iam/docs/conditions-attribute-reference.

import {
  type CelEnv,
  type CelList,
  type CelMap,
  CelScalar,
  celEnv,
  celFunc,
  celMethod,
  objectType,
} from '@bufbuild/cel';
import { type Timestamp, TimestampSchema, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { type WallClock, wallClock } from './time-zone.ts';

const { BOOL, DYN, INT, STRING } = CelScalar;
const TIMESTAMP = objectType(TimestampSchema);
const DAY_MS = 86_400_000;

/** What each getter reads off the clock of the place asked for. */
const GETTERS: Readonly<Record<string, (clock: WallClock) => number>> = {
  getFullYear: (clock) => clock.getUTCFullYear(),
  getMonth: (clock) => clock.getUTCMonth(),
  getDate: (clock) => clock.getUTCDate(),
  getDayOfMonth: (clock) => clock.getUTCDate() - 1,
  getDayOfWeek: (clock) => clock.getUTCDay(),
  getDayOfYear: (clock) => Math.floor((clock.getTime() - Date.UTC(clock.getUTCFullYear(), 0, 1)) / DAY_MS),
  getHours: (clock) => clock.getUTCHours(),
  getMinutes: (clock) => clock.getUTCMinutes(),
  getSeconds: (clock) => clock.getUTCSeconds(),
  getMilliseconds: (clock) => clock.getUTCMilliseconds(),
};

export const TIME_GETTERS: readonly string[] = Object.keys(GETTERS);

const TEMPLATE = /^([^{}]*)\{[A-Za-z0-9_]+\}([^{}]*)$/;

/** The text before and after the part that an extraction template names; undefined where it is no template. */
function templateParts(template: string): readonly [prefix: string, suffix: string] | undefined {
  const [, prefix, suffix] = TEMPLATE.exec(template) ?? [];
  return prefix === undefined || suffix === undefined ? undefined : [prefix, suffix];
}

export function isTemplate(template: string): boolean {
  return templateParts(template) !== undefined;
}

/** What follows the first prefix, up to the first suffix after it; empty where either is not there. */
export function extract(text: string, template: string): string {
  const parts = templateParts(template);
  if (parts === undefined) throw new RangeError('not an extraction template');
  const [prefix, suffix] = parts;
  const found = text.indexOf(prefix);
  if (found < 0) return '';
  const start = found + prefix.length;
  if (suffix === '') return text.slice(start);
  const end = text.indexOf(suffix, start);
  return end < 0 ? '' : text.slice(start, end);
}

const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** Midnight UTC of a date written YYYY-MM-DD; throws a RangeError for a day that no calendar has. */
function parseDate(text: string): Timestamp {
  const time = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // A 30th of February becomes a day of March, and so does not read back.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) throw new RangeError('not a date');
  return timestampFromMs(time);
}

const getters = Object.entries(GETTERS).flatMap(([name, read]) => [
  celMethod(name, TIMESTAMP, [], INT, function () {
    return BigInt(read(new Date(timestampMs(this.message))));
  }),
  celMethod(name, TIMESTAMP, [STRING], INT, function (zone) {
    return BigInt(read(wallClock(timestampMs(this.message), zone)));
  }),
]);

const tagsOf = (resource: unknown) => (resource as CelMap).get('tags') as CelMap | undefined;

/** `env` and `123/env` are names, `tagKeys/1` an id: the resource keeps each key as it was bound. */
const tags = ['hasTagKey', 'hasTagKeyId'].map((name) =>
  celMethod(name, DYN, [STRING], BOOL, function (key) {
    return tagsOf(this)?.has(key) ?? false;
  }),
);
const tagValues = ['matchTag', 'matchTagId'].map((name) =>
  celMethod(name, DYN, [STRING, STRING], BOOL, function (key, value) {
    return tagsOf(this)?.get(key) === value;
  }),
);

/** What conditions are evaluated in; the attributes come in with each request. */
export const ENVIRONMENT: CelEnv = celEnv({
  funcs: [
    ...getters,
    ...tags,
    ...tagValues,
    celFunc('date', [STRING], TIMESTAMP, parseDate),
    celMethod('extract', STRING, [STRING], STRING, function (template) {
      return extract(this, template);
    }),
    celMethod('getAttribute', DYN, [STRING, DYN], DYN, function (name, fallback) {
      return (this as unknown as CelMap).get(name) ?? fallback;
    }),
    celMethod('hasOnly', DYN, [DYN], BOOL, function (allowed) {
      const legal = new Set(allowed as unknown as CelList);
      return [...(this as unknown as CelList)].every((item) => legal.has(item));
    }),
  ],
});
