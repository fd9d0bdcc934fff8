// Takes so many bytes at a time from a source that gives them as it likes.

export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `count` bytes; fewer only where the source ends. Rejects with its error. */
  async take(count: number): Promise<Buffer> {
    await this.#fill(count);
    const all = Buffer.concat(this.#held);
    this.#hold(all.subarray(count));
    return all.subarray(0, count);
  }

  /** The next bytes as they come, at least one and at most `max`; none where the source ends. */
  async some(max: number): Promise<Buffer> {
    await this.#fill(1);
    const first = this.#held.shift() ?? Buffer.alloc(0);
    this.#heldBytes -= first.length;
    if (first.length > max) {
      this.#held.unshift(first.subarray(max));
      this.#heldBytes += first.length - max;
    }
    return first.subarray(0, max);
  }

  /** The next line without its end, or undefined where none ends within `max` bytes. */
  async line(max: number): Promise<string | undefined> {
    await this.#fill(max);
    const all = Buffer.concat(this.#held);
    const end = all.subarray(0, max).indexOf(10);
    this.#hold(all.subarray(end + 1));
    return end === -1 ? undefined : all.toString('latin1', 0, end);
  }

  async #fill(count: number): Promise<void> {
    while (this.#heldBytes < count && !this.#ended) {
      const { done, value } = await this.#source.next();
      if (done) this.#ended = true;
      else if (value.length > 0) {
        this.#held.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
        this.#heldBytes += value.length;
      }
    }
  }

  #hold(bytes: Buffer): void {
    this.#held = bytes.length === 0 ? [] : [bytes];
    this.#heldBytes = bytes.length;
  }
}
