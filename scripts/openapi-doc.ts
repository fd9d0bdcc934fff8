// Writes docs/openapi.json from the operation table, for those who want the document without a server.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../src/dialects/native/openapi.ts';

/** The whole of docs/openapi.json. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/openapi.json'), openApiText());
