// Transcripts of conversations with a server: requests as HTTP, each with the answer it must get. What differs from run
// to run (numbers, etags, times, tokens) is written as a word. `node --test-update-snapshots` writes the answers anew;
// read the difference before you keep it.
//
//   ### title            # anonymous / # rest / # keep NAME = path.in.answer       METHOD /path?query
//   header: value        body after an empty line        => STATUS, then the answer

export interface Case {
  readonly title: string;
  /** Everything up to the answer, as written. */
  readonly request: string;
  readonly status: number;
  readonly answer: string;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly anonymous: boolean;
  /** Cannot be said in a protobuf message. */
  readonly restOnly: boolean;
  /** Variable and the place in the answer it is taken from. */
  readonly keep: readonly (readonly [name: string, path: string])[];
}

export function parseTranscript(text: string): { readonly head: string; readonly cases: readonly Case[] } {
  const [head = '', ...parts] = text.split(/^(?=### )/m);
  return { head, cases: parts.map(parseCase) };
}

function parseCase(text: string): Case {
  const [request = '', answer = ''] = text.split(/^(?==> )/m);
  const [, status, body = ''] = /^=> (\d*)\n?([\s\S]*)$/.exec(answer) ?? [];
  return {
    title: request.slice(4, request.indexOf('\n')),
    request: request.trimEnd(),
    status: Number(status),
    answer: body.trim(),
  };
}

export function printTranscript(head: string, cases: readonly Case[]): string {
  return head + cases.map(({ request, status, answer }) => `${request}\n\n=> ${status}\n${answer}\n`).join('\n');
}

/** The request of a case, its `{{names}}` replaced: in a query percent-encoded, in a body as the inside of a JSON text. */
export function readRequest({ request }: Case, variables: ReadonlyMap<string, string>): Asked {
  const fill = (text: string, spell: (value: string) => string) =>
    text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = variables.get(name);
      if (value === undefined) throw new Error(`no earlier answer gave {{${name}}}`);
      return spell(value);
    });
  const plain = (value: string) => value;
  const [top = '', ...rest] = request.split('\n\n');
  const lines = top.split('\n').slice(1);
  const notes = lines.filter((line) => line.startsWith('# ')).map((line) => line.slice(2));
  const [target = '', ...headers] = lines.filter((line) => !line.startsWith('# '));
  const [, method = '', path = '', query = ''] = /^(\S+) ([^?\s]*)\??(\S*)$/.exec(target) ?? [];
  return {
    method,
    path: fill(path, plain),
    query: fill(query, encodeURIComponent),
    headers: Object.fromEntries(
      headers.map((line) => [line.slice(0, line.indexOf(':')), fill(line.slice(line.indexOf(':') + 1).trim(), plain)]),
    ),
    body: fill(rest.join('\n\n'), (value) => JSON.stringify(value).slice(1, -1)),
    anonymous: notes.includes('anonymous'),
    restOnly: notes.includes('rest'),
    keep: notes.flatMap((note) => {
      const [, name, from] = /^keep (\w+) = (\S+)$/.exec(note) ?? [];
      return name === undefined || from === undefined ? [] : [[name, from] as const];
    }),
  };
}

/** The value at a dotted path of an answer, as text. */
export function valueAt(json: unknown, path: string): string {
  let value = json;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
  if (typeof value !== 'string') throw new Error(`the answer has no text at ${path}: ${JSON.stringify(json)}`);
  return value;
}

/** An answer with what changes from run to run written as a word. */
export function normalise(json: unknown): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    return Object.fromEntries(
      [...entries.filter(([key]) => key === '@type'), ...entries.filter(([key]) => key !== '@type')].map(
        ([key, each]) => [key, sorted(each)],
      ),
    );
  };
  return JSON.stringify(sorted(json), null, 2)
    .replace(/\bprojects\/\d{12}\b/g, 'projects/NUMBER')
    .replace(/\boperations\/cp\.\d{12}\b/g, 'operations/cp.NUMBER')
    .replace(/projects%2F\d{12}(?=%2F)/g, 'projects%2FNUMBER')
    .replace(/\b(tagKeys|tagValues)\/(?!281480000000000)\d{15}\b/g, '$1/NUMBER')
    .replace(/\b\d{12}-compute@/g, 'NUMBER-compute@')
    .replace(/"\d{21}"/g, '"UNIQUE_ID"')
    .replace(/\\"[0-9a-f]{14}\\"/g, '\\"ETAG\\"')
    .replace(/("etag": )"(?!ACAB")[A-Za-z0-9+/]+=*"/g, '$1"ETAG"')
    .replace(/("nextPageToken": )"[^"]+"/g, '$1"PAGE_TOKEN"')
    .replace(/"ya29\.[A-Za-z0-9_-]+"/g, '"TOKEN"')
    .replace(/"eyJ[\w-]+\.[\w-]+\.[\w-]+"/g, '"JWT"')
    .replace(/\b[0-9a-f]{40}\b/g, 'KEY_ID')
    .replace(/("(?:private|public)KeyData": )"[^"]+"/g, '$1"BASE64"')
    .replace(/"20\d\d-\d\d-\d\dT[\d:.]+Z"/g, '"TIME"');
}
