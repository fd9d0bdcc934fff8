// Checks an export without any server: the chain of each stream, from the first line that is there, over as many files
// as there are, and against what the exporter noted at its end. It has no key, so it cannot tell a whole chain that was
// computed anew, nor a beginning that was left out from one that was pruned: for that, ask the server.

import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Chain } from './chain.ts';
import { LINE_BYTES_MAX } from './line.ts';
import { parseHeader } from './parse.ts';
import { isStream } from './stream.ts';

const FILE = /^(\d{8})\.jsonl(\.gz)?$/;
const NEWLINE = 10;
const NOTE_BYTES_MAX: number = 1024 * 1024;

export interface ExportedStream {
  readonly stream: string;
  readonly records: number;
  /** The last record before the first one that is there. */
  readonly after: number;
  readonly through: number;
  /** The hash of the last line. */
  readonly head: string;
}

export interface ExportVerdict {
  readonly ok: boolean;
  readonly streams: readonly ExportedStream[];
  readonly firstBad?: { readonly file: string; readonly sequence: number; readonly problem: string };
}

/** What the exporter noted of a stream: where its files end. */
interface Noted {
  readonly sequence: number;
  readonly head: string;
}

/** Checks the files that `coffer audit export` wrote to a directory. Rejects with the error of the file system. */
export async function verifyExport(directory: string): Promise<ExportVerdict> {
  const noted = await notes(directory);
  const entries = await readdir(directory, { withFileTypes: true });
  const found = entries.filter((entry) => entry.isDirectory() && isStream(entry.name)).map(({ name }) => name);
  const streams: ExportedStream[] = [];
  for (const stream of [...new Set([...found, ...noted.keys()])].sort()) {
    const checked = found.includes(stream) ? await checkStream(directory, stream) : undefined;
    const bad = (file: string, problem: string, after: number): ExportVerdict => {
      return { ok: false, streams, firstBad: { file: `${stream}/${file}`, sequence: after + 1, problem } };
    };
    if (checked === undefined) return bad('', 'the stream that was exported is missing', 0);
    const { problem, file, ...end } = checked;
    if (problem !== undefined) return bad(file, problem, end.through);
    const note = noted.get(stream);
    if (note !== undefined && (note.head !== end.head || note.sequence !== end.through)) {
      return bad(file, `the end was cut or changed: the export ended with record ${note.sequence}`, end.through);
    }
    streams.push(end);
  }
  return { ok: true, streams };
}

async function checkStream(
  directory: string,
  stream: string,
): Promise<ExportedStream & { readonly file: string; readonly problem?: string }> {
  const names = (await readdir(join(directory, stream))).filter((name) => FILE.test(name)).sort();
  let chain: Chain | undefined;
  let after = 0;
  let file = '';
  let problem: string | undefined;
  for (const name of names) {
    file = name;
    const segment = FILE.exec(name)?.[1] ?? '';
    await eachLineOf(openFile(join(directory, stream, name)), (line) => {
      if (chain === undefined) {
        const header = parseHeader(line.toString('latin1'));
        after = header?.after ?? 0;
        const place = { stream, segment: '', head: header?.head ?? '', sequence: after };
        chain = new Chain(place, 'named');
      }
      problem = chain.step(line, segment);
      return problem === undefined;
    }).catch((error: unknown) => {
      problem = error instanceof Error ? error.message : String(error);
    });
    if (problem !== undefined) break;
  }
  const end = { stream, records: chain?.records ?? 0, after, through: chain?.sequence ?? 0, head: chain?.head ?? '' };
  return { ...end, file, ...(problem === undefined ? {} : { problem }) };
}

function openFile(path: string): Readable {
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return file;
  const unzipped = createGunzip();
  file.on('error', (error) => unzipped.destroy(error));
  return file.pipe(unzipped);
}

/** Calls `visit` with each line, newline left out, until it answers false. Rejects where the last has no end. */
async function eachLineOf(source: Readable, visit: (line: Buffer) => boolean): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const block: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = block.indexOf(NEWLINE); end !== -1; end = block.indexOf(NEWLINE, start)) {
      if (!visit(block.subarray(start, end))) return;
      start = end + 1;
    }
    rest = block.subarray(start);
    if (rest.length > LINE_BYTES_MAX) throw new Error('a line is longer than any that was written');
  }
  if (rest.length > 0) throw new Error('the file ends in the middle of a line');
}

/** What the exporter noted, where it did. */
async function notes(directory: string): Promise<ReadonlyMap<string, Noted>> {
  const text = await readFile(join(directory, 'export.json'), 'utf8').catch(() => '{}');
  if (text.length > NOTE_BYTES_MAX) throw new Error('export.json is larger than any that was written');
  const { streams } = JSON.parse(text) as { streams?: Readonly<Record<string, Noted>> };
  return new Map(Object.entries(streams ?? {}).filter(([stream]) => isStream(stream)));
}
