// Answers of the query protocol as XML: a member is an element, an object is its members.

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** What XML 1.0 (section 2.2) cannot hold at all. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g;

/** The members in their order; absent ones are left out. */
export function toXml(members: object): string {
  return Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${typeof value === 'object' ? toXml(value) : escaped(String(value))}</${name}>`)
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll(FORBIDDEN, '?').replaceAll(/[&<>"]/g, (character) => ESCAPES[character] as string);
}
