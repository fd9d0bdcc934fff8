// Tables as gcloud prints them: left-aligned columns two spaces apart, headings above, no trailing spaces in the last
// column; `[box]` draws ASCII borders, `[no-heading]` leaves the headings out, `[title=…]` centres a title.

import { displayWidth } from '../text.ts';

const PAD = 2;

export interface TableStyle {
  readonly box: boolean;
  readonly heading: boolean;
  readonly title?: string;
}

/** The lines of a table, each with its newline. Every cell must already be one line of printable text. */
export function renderTable(
  labels: readonly string[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const lines = style.heading ? [labels, ...rows] : rows;
  const widths = labels.map((_, column) => Math.max(0, ...lines.map((line) => displayWidth(line[column] ?? ''))));
  return style.box ? boxed(lines, widths, style) : plain(lines, widths, style);
}

function plain(lines: readonly (readonly string[])[], widths: readonly number[], style: TableStyle): string {
  const total = widths.reduce((sum, width) => sum + width + PAD, -PAD);
  const title = style.title === undefined ? '' : `${centre(style.title, total).trimEnd()}\n`;
  const last = widths.length - 1;
  const body = lines.map((line) =>
    line
      .map((cell, column) => (column === last ? cell : padded(cell, widths[column] ?? 0) + ' '.repeat(PAD)))
      .join('')
      .trimEnd(),
  );
  return title + body.map((line) => `${line}\n`).join('');
}

function boxed(lines: readonly (readonly string[])[], widths: readonly number[], style: TableStyle): string {
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`;
  const row = (line: readonly string[]): string =>
    `|${line.map((cell, column) => ` ${padded(cell, widths[column] ?? 0)} `).join('|')}|\n`;
  const total = rule.length - 3;
  const title = style.title === undefined ? '' : `+${'-'.repeat(total)}+\n|${centre(style.title, total)}|\n`;
  const [first, ...rest] = lines;
  if (!style.heading || first === undefined) return title + rule + lines.map(row).join('') + rule;
  return title + rule + row(first) + rule + rest.map(row).join('') + (rest.length > 0 ? rule : '');
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

function centre(text: string, width: number): string {
  const room = Math.max(0, width - displayWidth(text));
  const left = Math.floor(room / 2);
  return ' '.repeat(left) + text + ' '.repeat(room - left);
}
