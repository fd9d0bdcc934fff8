// A small REST client for tests: Google's paths on a running server, as the owner or with any token.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningServer } from './start.ts';

export interface Answer {
  readonly status: number;
  readonly requestId: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any answer, asserted on by the test
  readonly json: any;
}

export interface Api {
  (method: string, path: string, body?: object): Promise<Answer>;
  readonly token: string;
}

export function ownerToken(server: RunningServer): string {
  return readFileSync(join(server.data, 'owner.token'), 'utf8').trim();
}

/** Calls `server` with `token`; rejects only where no answer came. */
export function apiOf(server: Pick<RunningServer, 'address'>, token: string): Api {
  const call = async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(server.address + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, requestId: response.headers.get('x-request-id') ?? '', text, json };
  };
  return Object.assign(call, { token });
}

/** The call, with anything but a 2xx turned into an error. */
export async function must(api: Api, method: string, path: string, body?: object): Promise<Answer> {
  const answer = await api(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

/** Every audit record of the server, in order. */
// biome-ignore lint/suspicious/noExplicitAny: records as JSON
export async function auditRecords(api: Api): Promise<any[]> {
  const records = [];
  for (let after = ''; ; ) {
    const page = await must(api, 'GET', `/coffer/v1/audit${after === '' ? '' : `?after=${after}`}`);
    records.push(...page.json.records);
    if (page.json.next === undefined) return records;
    after = page.json.next;
  }
}
