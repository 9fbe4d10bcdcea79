// Where the rows of a long list are: all as high as most, but for those that were found to be otherwise.

/** The heights of a list's rows, and where each begins, in px. */
export class Places {
  private keys: ArrayLike<string> = { length: 0 };
  /** Those that are not as high as most, by what stays the same for each. */
  private readonly heights = new Map<string | number, number>();
  /** Where each row begins, as far as that is computed; and where the last one ends. */
  private starts = new Float64Array(1);
  private computed = 0;

  constructor(private readonly usual: number) {}

  get length(): number {
    return this.keys.length;
  }

  /** The height of all rows. */
  get size(): number {
    return this.start(this.length);
  }

  /** Other rows, where it is another object. */
  setKeys(keys: ArrayLike<string>): void {
    if (keys !== this.keys) {
      this.keys = keys;
      this.computed = 0;
      if (this.starts.length <= keys.length) {
        this.starts = new Float64Array(keys.length + 1);
      }
    }
  }

  height(index: number): number {
    return this.heights.size === 0 ? this.usual : (this.heights.get(this.key(index)) ?? this.usual);
  }

  /** How much higher it is than it was taken for. */
  setHeight(index: number, height: number): number {
    const more = height - this.height(index);
    if (more !== 0) {
      if (height === this.usual) {
        this.heights.delete(this.key(index));
      } else {
        this.heights.set(this.key(index), height);
      }
      this.computed = Math.min(this.computed, index);
    }
    return more;
  }

  start(index: number): number {
    for (; this.computed < index; this.computed++) {
      this.starts[this.computed + 1] = this.begin(this.computed) + this.height(this.computed);
    }
    return this.begin(index);
  }

  /** The row at a place, the first above all, the last below. */
  at(offset: number): number {
    let first = 0;
    let last = Math.max(0, this.length - 1);
    this.start(last);
    while (first < last) {
      const middle = Math.ceil((first + last) / 2);
      if (this.begin(middle) <= offset) {
        first = middle;
      } else {
        last = middle - 1;
      }
    }
    return first;
  }

  private begin(index: number): number {
    return this.starts[index] ?? 0;
  }

  private key(index: number): string | number {
    return this.keys[index] ?? index;
  }
}
