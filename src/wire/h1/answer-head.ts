// The head of an HTTP/1.1 answer (RFC 9112 section 4), as one text.

import { STATUS_CODES } from 'node:http';

/** RFC 9110 section 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5: a line break in a value would begin another field, or another answer. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The status line, these fields, and the empty line behind them.
 * @throws TypeError where a name or value is none that HTTP allows.
 */
export function answerHead(status: number, fields: Readonly<Record<string, string | number>>, closing: string): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (const name in fields) {
    const value = fields[name] as string | number;
    if (!NAME.test(name)) throw new TypeError('the name of a header is not valid');
    if (typeof value === 'string' && !VALUE.test(value)) {
      throw new TypeError(`the value of the header ${name} is not valid`);
    }
    text += `${name}: ${value}\r\n`;
  }
  return `${text}${closing}\r\n`;
}
