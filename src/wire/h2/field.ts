// One header field as it was decoded, and whether HTTP/2 allows it in a request: lower-case names, values without line
// breaks or spaces around them, nothing that speaks about a connection (RFC 9113 sections 8.2.1 and 8.2.2).

export interface Field {
  readonly name: string;
  readonly value: string;
  /** Its size in a table and in a list: 32 bytes more than its text (RFC 7541 section 4.1). */
  readonly bytes: number;
  readonly allowed: boolean;
}

const FIELD_OVERHEAD_BYTES = 32;
/** A name as it is sent; the colon is of the fields that HTTP/2 itself has. */
export const FIELD_NAME: RegExp = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** As nghttp2: no control character but the tab, which RFC 9110 section 5.5 lets a recipient refuse. */
export const FIELD_VALUE: RegExp = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])$/;
const OF_CONNECTIONS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Judges a field once; it may be used in many requests. */
export function fieldOf(name: string, value: string): Field {
  const isSaid = FIELD_NAME.test(name) && FIELD_VALUE.test(value) && !OF_CONNECTIONS.has(name);
  const allowed = isSaid && (name !== 'te' || value.toLowerCase() === 'trailers');
  return { name, value, bytes: name.length + value.length + FIELD_OVERHEAD_BYTES, allowed };
}
