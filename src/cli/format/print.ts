// Prints resources in the format asked for: json, yaml, table, value, get, csv, list, flattened, config, none.
// A list of resources and a single one differ as they do in gcloud: `[…]` in JSON, `---` before each item in YAML.

import { CliError } from '../error.ts';
import { oneLine } from '../text.ts';
import { type Column, type Format, parseFormat } from './expression.ts';
import { pathText, valueAt } from './path.ts';
import { renderTable } from './table.ts';
import { applyTransforms, type Transforms } from './transforms.ts';

export type Resource = Readonly<Record<string, unknown>>;

export interface PrintOptions {
  /** The command's own format, used unless `format` is given. */
  readonly defaultFormat: string;
  /** The value of --format. */
  readonly format?: string;
  readonly transforms?: Transforms;
  /** Keys of --sort-by: gcloud's tables are then not sorted again by their default column. */
  readonly sorted?: boolean;
}

/** The text of one resource. @throws CliError for a format that does not exist or is not understood. */
export function formatOne(resource: Resource, options: PrintOptions): Promise<string> {
  return render([resource], options, false);
}

/** The text of a list of resources. @throws CliError for a format that does not exist or is not understood. */
export function formatList(resources: readonly Resource[], options: PrintOptions): Promise<string> {
  return render(resources, options, true);
}

async function render(resources: readonly Resource[], options: PrintOptions, many: boolean): Promise<string> {
  const defaults = parseFormat(options.defaultFormat);
  const format = options.format === undefined ? defaults : parseFormat(options.format, defaults);
  const page: Page = { resources, format, many, transforms: options.transforms ?? {}, sorted: options.sorted ?? false };
  switch (format.name) {
    case 'json':
      return json(page);
    case 'yaml':
    case 'default':
      return yaml(page);
    case 'table':
      return table(page);
    case 'value':
    case 'get':
      return separated(page, { separator: '\t', quote: format.attributes.has('quote'), heading: false });
    case 'csv':
      return separated(page, {
        separator: ',',
        quote: !format.attributes.has('no-quote'),
        heading: !format.attributes.has('no-heading'),
      });
    case 'list':
      return bullets(page);
    case 'flattened':
    case 'text':
      return flattened(page);
    case 'config':
      return config(page);
    case 'none':
    case 'disable':
      return '';
    default:
      throw new CliError(
        `--format: unknown format [${format.name}]: use json, yaml, table, value, csv, list, flattened, config or none`,
      );
  }
}

interface Page {
  readonly resources: readonly Resource[];
  readonly format: Format;
  readonly many: boolean;
  readonly transforms: Transforms;
  readonly sorted: boolean;
}

function cell(resource: Resource, column: Column, transforms: Transforms): unknown {
  return applyTransforms(valueAt(resource, column.path), column.transforms, transforms);
}

/** The resource itself, or only the keys that the format names. */
function projected({ format, transforms }: Page, resource: Resource): unknown {
  if (format.columns.length === 0) return resource;
  const result: Record<string, unknown> = {};
  for (const column of format.columns) {
    const value = cell(resource, column, transforms);
    if (value === undefined) continue;
    const names = column.path.filter((step) => typeof step === 'string');
    const last = names.pop() ?? column.label.toLowerCase();
    let target = result;
    for (const name of names) {
      target[name] ??= {};
      target = target[name] as Record<string, unknown>;
    }
    target[last] = value;
  }
  return result;
}

function json(page: Page): string {
  const values = page.resources.map((resource) => sortedKeys(projected(page, resource)));
  const text = JSON.stringify(page.many ? values : values[0], null, 2);
  // JSON leaves C1 controls and bidirectional marks as they are; written as escapes they mean the same.
  return `${text.replace(/[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, escapeUnit)}\n`;
}

function escapeUnit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

async function yaml(page: Page): Promise<string> {
  const { yamlText } = await import('./yaml.ts');
  const texts = page.resources.map((resource) => yamlText(sortedKeys(projected(page, resource))));
  return texts.map((text) => (page.many ? `---\n${text}` : text)).join('');
}

function table(page: Page): string {
  const { columns, attributes } = page.format;
  if (columns.length === 0) throw new CliError('--format: a table needs its columns, like table(name, createTime)');
  if (page.resources.length === 0) return '';
  const order = columns.map((column, index) => ({ column, index })).filter(({ column }) => column.sort !== undefined);
  order.sort((a, b) => (a.column.sort ?? 0) - (b.column.sort ?? 0));
  const rows = page.resources.map((resource) =>
    columns.map((column) => cellText(cell(resource, column, page.transforms))),
  );
  if (!page.sorted) {
    rows.sort((a, b) => {
      for (const { column, index } of order) {
        const [left, right] = [a[index] ?? '', b[index] ?? ''];
        if (left !== right) return (left < right ? -1 : 1) * (column.reverse ? -1 : 1);
      }
      return 0;
    });
  }
  const title = attributes.get('title');
  return renderTable(
    columns.map((column) => oneLine(column.label)),
    rows.map((row) => row.map(oneLine)),
    {
      box: attributes.has('box') || attributes.has('all-box'),
      heading: !attributes.has('no-heading'),
      ...(title === undefined ? {} : { title: oneLine(title) }),
    },
  );
}

interface Separated {
  readonly separator: string;
  readonly quote: boolean;
  readonly heading: boolean;
}

function separated(page: Page, style: Separated): string {
  const { columns, attributes } = page.format;
  if (columns.length === 0) throw new CliError(`--format: ${page.format.name} needs its keys, like value(name)`);
  const separator = attributes.get('separator') ?? style.separator;
  const terminator = attributes.get('terminator') ?? '\n';
  const delimiter = attributes.get('delimiter') ?? ';';
  const quoted = (text: string): string => {
    const needs = [separator, delimiter, terminator, '"'].some((mark) => mark !== '' && text.includes(mark));
    return style.quote && (needs || text !== text.trim()) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = page.resources.map((resource) =>
    columns.map((column) => fieldText(cell(resource, column, page.transforms), delimiter, quoted)).join(separator),
  );
  if (style.heading) rows.unshift(columns.map((column) => quoted(column.label.toLowerCase())).join(separator));
  return rows.map((row) => row + terminator).join('');
}

function fieldText(value: unknown, delimiter: string, quoted: (text: string) => string): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((each) => quoted(cellText(each))).join(delimiter);
  if (typeof value !== 'object') return quoted(scalarText(value));
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([key, each]) => quoted(`${key}=${cellText(each)}`)).join(delimiter);
}

function bullets(page: Page): string {
  const gap = page.format.attributes.has('compact') ? ' ' : '\n   ';
  const title = page.format.attributes.get('title');
  const items = page.resources.map((resource) => {
    const { columns } = page.format;
    const parts =
      columns.length > 0
        ? columns.map((column) => cellText(cell(resource, column, page.transforms))).filter((text) => text !== '')
        : Object.entries(resource)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, value]) => `${key}: ${cellText(value)}`);
    return ` - ${parts.join(gap)}\n`;
  });
  return (title === undefined || items.length === 0 ? '' : `${title}\n`) + items.join('');
}

function flattened(page: Page): string {
  return page.resources
    .map((resource) => {
      const lines: [string, string][] = [];
      flatten(sortedKeys(projected(page, resource)), '', lines);
      const width = page.format.attributes.has('no-pad') ? 0 : Math.max(0, ...lines.map(([key]) => key.length));
      const text = lines.map(([key, value]) => `${key}: ${' '.repeat(Math.max(0, width - key.length))}${value}\n`);
      return (page.many ? '---\n' : '') + text.join('');
    })
    .join('');
}

function flatten(value: unknown, name: string, into: [string, string][]): void {
  if (Array.isArray(value) && value.length > 0) {
    for (const [index, each] of value.entries()) flatten(each, `${name}[${index}]`, into);
  } else if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    for (const [key, each] of Object.entries(value)) flatten(each, name === '' ? key : `${name}.${key}`, into);
  } else {
    const text = Array.isArray(value) ? '[]' : cellText(value);
    into.push([name, /\n|^\s|\s$/.test(text) ? JSON.stringify(text) : text]);
  }
}

/** INI-like sections, the default of `config list`. */
function config(page: Page): string {
  let text = '';
  for (const [section, values] of page.resources.flatMap((resource) => Object.entries(resource))) {
    text += `[${section}]\n`;
    for (const [name, value] of Object.entries(values as Resource)) text += `${name} = ${cellText(value)}\n`;
  }
  return text;
}

/** What a cell shows: text as it is, structures as Python shows them, for that is what gcloud's tables have. */
function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? pythonText(value) : scalarText(value);
}

function scalarText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

function pythonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, each]) => `${pythonText(key)}: ${pythonText(each)}`)
      .join(', ')}}`;
  }
  if (typeof value !== 'string') return value === null ? 'None' : scalarText(value);
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  return quote + value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(quote, `\\${quote}`) + quote;
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(pairs.map(([key, each]) => [key, sortedKeys(each)]));
}

/** The columns' keys, for --sort-by and --filter by a heading of the default table. */
export function columnKeys(format: Format): ReadonlyMap<string, string> {
  return new Map(format.columns.map((column) => [column.label, pathText(column.path)]));
}
