// Many byte patterns as one automaton (Aho and Corasick, 1975): one step a byte, whatever the number of patterns.
// Nodes are rows of typed arrays; children hang in a list, but for the root's, which are looked up directly.

export class PatternSet {
  readonly #byte: Uint8Array;
  readonly #child: Int32Array;
  readonly #sibling: Int32Array;
  readonly #fail: Int32Array;
  readonly #depth: Int32Array;
  /** Like the depth, but of the longest suffix that some pattern goes on from: a finished match is not open. */
  readonly #open: Int32Array;
  /** Length of the longest pattern that ends at this node, 0 for none. */
  readonly #match: Int32Array;
  readonly #root = new Int32Array(256);
  #size = 1;

  /** Empty patterns are left out. */
  constructor(patterns: readonly Uint8Array[]) {
    const nodesMax = 1 + patterns.reduce((sum, pattern) => sum + pattern.length, 0);
    this.#byte = new Uint8Array(nodesMax);
    this.#child = new Int32Array(nodesMax);
    this.#sibling = new Int32Array(nodesMax);
    this.#fail = new Int32Array(nodesMax);
    this.#depth = new Int32Array(nodesMax);
    this.#open = new Int32Array(nodesMax);
    this.#match = new Int32Array(nodesMax);
    for (const pattern of patterns) this.#add(pattern);
    this.#link();
  }

  /** The state after `byte`; state 0 is the start. */
  step(state: number, byte: number): number {
    let from = state;
    while (from !== 0) {
      const next = this.#find(from, byte);
      if (next !== 0) return next;
      from = this.#fail[from] as number;
    }
    return this.#root[byte] as number;
  }

  /** How many of the bytes just read may be the beginning of a match that is not complete yet. */
  openLength(state: number): number {
    return this.#open[state] as number;
  }

  /** Length of the longest pattern that ends here, 0 for none. */
  matchLength(state: number): number {
    return this.#match[state] as number;
  }

  #add(pattern: Uint8Array): void {
    let node = 0;
    for (const byte of pattern) {
      let next = node === 0 ? (this.#root[byte] as number) : this.#find(node, byte);
      if (next === 0) {
        next = this.#size++;
        this.#byte[next] = byte;
        this.#depth[next] = (this.#depth[node] as number) + 1;
        this.#sibling[next] = this.#child[node] as number;
        this.#child[node] = next;
        if (node === 0) this.#root[byte] = next;
      }
      node = next;
    }
    if (node !== 0) this.#match[node] = pattern.length;
  }

  /** Sets, breadth first, where each node goes on when no child fits: the longest proper suffix that is a prefix. */
  #link(): void {
    const queue = new Int32Array(this.#size);
    let tail = 0;
    for (let child = this.#child[0] as number; child !== 0; child = this.#sibling[child] as number)
      queue[tail++] = child;
    for (let head = 0; head < tail; head++) {
      const node = queue[head] as number;
      const isLeaf = this.#child[node] === 0;
      this.#open[node] = (isLeaf ? this.#open[this.#fail[node] as number] : this.#depth[node]) as number;
      for (let child = this.#child[node] as number; child !== 0; child = this.#sibling[child] as number) {
        const fail = this.step(this.#fail[node] as number, this.#byte[child] as number);
        this.#fail[child] = fail;
        if (this.#match[child] === 0) this.#match[child] = this.#match[fail] as number;
        queue[tail++] = child;
      }
    }
  }

  #find(node: number, byte: number): number {
    let child = this.#child[node] as number;
    while (child !== 0 && this.#byte[child] !== byte) child = this.#sibling[child] as number;
    return child;
  }
}
