// The rows of a segment's index, one a record: when it was, where its line begins, how it ended, and hashes of who did
// what to which resource. Made while records are written, or from the lines where that was missed. A hash may stand for
// two texts, so a row only ever proposes a line, and the line decides.

import type { AuditRecord, Outcome } from '../core/audit-record.ts';
import { bound, boundName } from './line.ts';

/** The columns that hold hashes. `resource2` is of the first two parts of the resource's name, and so on. */
export const HASH_COLUMNS = ['principal', 'operation', 'resource2', 'resource4', 'resource6'] as const;
export type HashColumn = (typeof HASH_COLUMNS)[number];

/** More records than a segment of ordinary size can hold; one that has more is searched without an index. */
const ROWS_MAX = 2_000_000;
const OFFSET_BYTES_MAX: number = 2 ** 32;
const ROWS_FIRST = 4096;
/** Texts whose hashes are remembered, of each column. */
const KNOWN_MAX = 4096;
/** A column of more hashes than this is looked through instead. */
export const DISTINCT_MAX = 4096;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const SLASH = 47;

export const OUTCOME_CODES = { allowed: 0, denied: 1, failed: 2 } as const satisfies Record<Outcome, number>;

type Facts = Pick<AuditRecord, 'time' | 'operation' | 'outcome' | 'principal' | 'resource'>;
type ResourceHashes = readonly [number, number, number];

/** FNV-1a over UTF-16 code units, 32 bits. */
export function hashOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
  return hash >>> 0;
}

/** Of the first two, four and six parts of a resource's name; of the whole where it has fewer. */
export function resourceHashes(resource: string): ResourceHashes {
  let hash = FNV_OFFSET;
  let slashes = 0;
  const ends: number[] = [];
  for (let at = 0; at < resource.length && ends.length < 3; at += 1) {
    const unit = resource.charCodeAt(at);
    if (unit === SLASH) {
      slashes += 1;
      if (slashes % 2 === 0) ends.push(hash >>> 0);
    }
    hash = Math.imul(hash ^ unit, FNV_PRIME);
  }
  const whole = hash >>> 0;
  return [ends[0] ?? whole, ends[1] ?? whole, ends[2] ?? whole];
}

export interface Columns {
  readonly time: Float64Array;
  /** Where the line begins. */
  readonly offset: Uint32Array;
  readonly outcome: Uint8Array;
  readonly principal: Uint32Array;
  readonly operation: Uint32Array;
  readonly resource2: Uint32Array;
  readonly resource4: Uint32Array;
  readonly resource6: Uint32Array;
}

export class IndexBuilder {
  /** The sequence of the last record before the segment. */
  readonly after: number;
  #rows = 0;
  #columns: Columns = columnsOf(ROWS_FIRST);
  #earliest = Infinity;
  #latest = -Infinity;
  #tooLarge = false;
  readonly #distinct: Record<HashColumn, Set<number>>;
  readonly #principals = new Map<string, number>();
  readonly #operations = new Map<string, number>();
  readonly #resources = new Map<string, ResourceHashes>();

  constructor(after: number) {
    this.after = after;
    const empty = () => new Set<number>();
    this.#distinct = {
      principal: empty(),
      operation: empty(),
      resource2: empty(),
      resource4: empty(),
      resource6: empty(),
    };
  }

  /** The next record of the segment, whose line begins at `offsetBytes`. */
  add(record: Facts, offsetBytes: number): void {
    const row = this.#rows;
    if (row >= ROWS_MAX || offsetBytes >= OFFSET_BYTES_MAX) this.#tooLarge = true;
    if (this.#tooLarge) return;
    if (row === this.#columns.time.length) this.#columns = columnsOf(row * 2, this.#columns);
    const columns = this.#columns;
    const [resource2, resource4, resource6] = this.#resource(record.resource);
    columns.time[row] = record.time;
    columns.offset[row] = offsetBytes;
    columns.outcome[row] = OUTCOME_CODES[record.outcome];
    columns.principal[row] = this.#principal(record.principal);
    columns.operation[row] = this.#operation(record.operation);
    columns.resource2[row] = resource2;
    columns.resource4[row] = resource4;
    columns.resource6[row] = resource6;
    if (record.time < this.#earliest) this.#earliest = record.time;
    if (record.time > this.#latest) this.#latest = record.time;
    this.#rows = row + 1;
  }

  get rows(): number {
    return this.#rows;
  }

  /** False where the segment has more than an index can say. */
  get isUsable(): boolean {
    return !this.#tooLarge;
  }

  get earliest(): number {
    return this.#earliest;
  }

  get latest(): number {
    return this.#latest;
  }

  /** The hashes of a column, ascending; undefined where there are too many to list. */
  distinct(column: HashColumn): Uint32Array | undefined {
    const hashes = this.#distinct[column];
    return hashes.size > DISTINCT_MAX ? undefined : Uint32Array.from(hashes).sort();
  }

  /** One column, cut to its rows. */
  column<C extends keyof Columns>(name: C): Columns[C] {
    return this.#columns[name].subarray(0, this.#rows) as Columns[C];
  }

  #principal(text: string): number {
    return this.#principals.get(text) ?? this.#learn(this.#principals, text, 'principal', hashOf(boundName(text)));
  }

  #operation(text: string): number {
    return this.#operations.get(text) ?? this.#learn(this.#operations, text, 'operation', hashOf(bound(text)));
  }

  #resource(text: string): ResourceHashes {
    const known = this.#resources.get(text);
    if (known !== undefined) return known;
    const hashes = resourceHashes(boundName(text));
    if (this.#resources.size >= KNOWN_MAX) this.#resources.clear();
    this.#resources.set(text, hashes);
    this.#note('resource2', hashes[0]);
    this.#note('resource4', hashes[1]);
    this.#note('resource6', hashes[2]);
    return hashes;
  }

  #learn(known: Map<string, number>, text: string, column: HashColumn, hash: number): number {
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(text, hash);
    this.#note(column, hash);
    return hash;
  }

  #note(column: HashColumn, hash: number): void {
    const hashes = this.#distinct[column];
    if (hashes.size <= DISTINCT_MAX) hashes.add(hash);
  }
}

function columnsOf(rows: number, before?: Columns): Columns {
  const columns: Columns = {
    time: new Float64Array(rows),
    offset: new Uint32Array(rows),
    outcome: new Uint8Array(rows),
    principal: new Uint32Array(rows),
    operation: new Uint32Array(rows),
    resource2: new Uint32Array(rows),
    resource4: new Uint32Array(rows),
    resource6: new Uint32Array(rows),
  };
  if (before === undefined) return columns;
  for (const name of Object.keys(columns) as (keyof Columns)[]) columns[name].set(before[name]);
  return columns;
}
