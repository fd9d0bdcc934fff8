// Structured logs: one JSON object a line on stderr. Redaction here is the second net; the first is that nothing which
// is logged ever holds a payload or a credential.

import { destination, type Logger, pino } from 'pino';

export type { Logger };

const SENSITIVE = [
  'authorization',
  'headers.authorization',
  'token',
  '*.token',
  'payload',
  '*.payload',
  'data',
  '*.data',
];

export function createLog(level: string): Logger {
  return pino(
    {
      level,
      base: { name: 'coffer' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SENSITIVE, censor: '[redacted]' },
    },
    destination({ fd: 2, sync: true }),
  );
}
