// Names that a shell can complete: secrets, as the server has them, and regions. A shell must not hang, so a server that
// does not answer at once is left alone.

import { setTimeout as delay } from 'node:timers/promises';
import { REGIONS } from '../../core/region.ts';
import type { Context } from '../context.ts';
import { lastPart, parentPath } from '../names.ts';

/** What a person does not notice as a wait. */
const ANSWER_MS_MAX = 300;
const NAMES_MAX = 200;

/** The ids of the project's secrets that begin with `partial`; none where the server does not say within 300 ms. */
export async function secretNames(context: Context, partial: string): Promise<readonly string[]> {
  if (!/^[\w-]*$/.test(partial)) return [];
  const names = fetchNames(context, partial).catch((): readonly string[] => []);
  return Promise.race([names, delay(ANSWER_MS_MAX, [], { ref: false })]);
}

/** Google's regions that begin with `partial`. */
export function locationNames(partial: string): readonly string[] {
  return REGIONS.filter((region) => region.startsWith(partial));
}

async function fetchNames({ session }: Context, partial: string): Promise<readonly string[]> {
  const project = session.project;
  const query = { pageSize: String(NAMES_MAX), ...(partial === '' ? {} : { filter: `name:${partial}` }) };
  const path = `${parentPath({ project })}/secrets`;
  const page = await session.request<{ secrets?: { name: string }[] }>('GET', path, undefined, query);
  return (page.secrets ?? []).map(({ name }) => lastPart(name));
}
