// Backups put together by hand, byte by byte, from the keys of docs/envelope.md.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHIVE_END, ChunkWriter, entryHead, headerLine, keyPurpose } from '../../src/backup/format.ts';
import { adoptKey, associatedData, nameKey, sealNamed } from '../../src/crypto/envelope.ts';
import { repository } from '../support/start.ts';

/** The `name = value` lines of a page. */
export function vectorsOf(page: string): ReadonlyMap<string, string> {
  const text =
    readFileSync(join(repository, 'docs', page), 'utf8')
      .split('```vectors\n')[1]
      ?.split('```')[0] ?? '';
  return new Map([...text.matchAll(/^([a-z-]+) = (.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

const envelope = vectorsOf('envelope.md');
const bytesOf = (name: string): Buffer => Buffer.from(envelope.get(name) ?? '', 'hex');

export const KEY_FILE_TEXT: string = `${envelope.get('key-file')}\n`;
export const ENTRIES: readonly (readonly [string, string])[] = [
  ['coffer.db', 'not a database'],
  ['audit/00000001.jsonl', 'example\n'],
];

export function headerText(): string {
  const seal = Buffer.concat([Buffer.of(1, 4), Buffer.from('file'), bytesOf('root-box')]).toString('base64');
  const [store, sealKey] = [envelope.get('root-key-id') ?? '', envelope.get('seal-key-id') ?? ''];
  return headerLine({ store, sealKey, time: '2026-11-22T10:00:00.000Z', seal });
}

/** A backup of these files, in its parts: the line, the wrapped key, each chunk. `own` names its key. */
export async function sealArchive(
  entries: readonly (readonly [string, string | Buffer])[],
  own: 'data-key' | 'project-key' = 'data-key',
): Promise<Buffer[]> {
  const line = headerText();
  const data = associatedData('coffer bytes v1', [keyPurpose(line)]);
  const wrapped = sealNamed(nameKey(adoptKey(bytesOf('root-key'))), data, bytesOf(own), bytesOf('bytes-nonce'));
  const parts = [Buffer.from(`${line}\n`), wrapped];
  const chunks = new ChunkWriter(adoptKey(bytesOf(own)), async (box) => {
    parts.push(box);
  });
  for (const [name, content] of entries) {
    await chunks.add(entryHead(name, Buffer.byteLength(content)));
    await chunks.add(Buffer.from(content));
  }
  await chunks.add(ARCHIVE_END);
  await chunks.end();
  return parts;
}
