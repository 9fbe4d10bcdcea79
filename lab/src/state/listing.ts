// The connections as a list shows them: all of a few, of many those in sight.

import type { Listed, Row, Window } from '../protocol/messages';
import { stateWords } from './format';

/** A list of connections, of which not all may be known. */
export interface RowsView {
  readonly length: number;
  /** What stays the same for each row, as far as that is known; another object where rows have moved. */
  readonly keys: ArrayLike<string>;
  /** Undefined where it is not told yet. */
  at(index: number): Row | undefined;
  /** -1 where it is not there, or not told yet. */
  indexOf(alias: string): number;
  /** These are in sight. */
  see(first: number, last: number, kept: string): void;
  /** Have this one told, wherever it is. */
  reveal(alias: string): void;
}

/** All of a few. */
export class AllRows implements RowsView {
  readonly keys: string[];

  constructor(private readonly rows: readonly Row[]) {
    this.keys = rows.map(row => row.alias);
  }

  get length(): number {
    return this.rows.length;
  }

  at(index: number): Row | undefined {
    return this.rows[index];
  }

  indexOf(alias: string): number {
    return this.keys.indexOf(alias);
  }

  see(): void {
    // All are told.
  }

  reveal(): void {
    // Neither is anything hidden.
  }
}

/** So many are asked for beyond each end of what is in sight. */
const MARGIN = 40;
/** The kernel gives no more at once. */
const AT_ONCE = 200;
/** What is so many rows out of sight is asked for again when it comes back. */
const KEPT = 300;

/** Many, of which those in sight are asked for. */
export class Listing implements RowsView {
  keys: ArrayLike<string> = { length: 0 };
  private filter = '';
  /** What the list was when it was asked for. */
  private version = -1;
  private first = 0;
  private last = 0;
  private kept = '';
  private wanted = '';
  private isAsking = false;
  /** What is shown may be out of date. */
  private isOld = true;
  /** It was refused; asked again with the next change. */
  private hasFailed = false;
  private isOver = false;
  private readonly aliases = new Map<number, string>();
  private readonly places = new Map<string, number>();

  constructor(
    private readonly own: boolean,
    private readonly ask: (window: Window) => Promise<Listed>,
    private readonly rowOf: (alias: string) => Row | undefined,
    private readonly changed: () => void,
  ) {}

  get length(): number {
    return this.keys.length;
  }

  /** The aliases that it shows, or may show at once. */
  shown(): Iterable<string> {
    return this.places.keys();
  }

  at(index: number): Row | undefined {
    const alias = this.aliases.get(index);
    return alias === undefined ? undefined : this.rowOf(alias);
  }

  indexOf(alias: string): number {
    return this.places.get(alias) ?? -1;
  }

  see(first: number, last: number, kept: string): void {
    this.kept = kept;
    if (first !== this.first || last !== this.last) {
      this.first = first;
      this.last = last;
      this.fetch();
    }
  }

  reveal(alias: string): void {
    this.wanted = alias;
    this.fetch();
  }

  /** Another filter, or another version of the list: it is asked for again. */
  update(filter: string, version: number): void {
    if (filter !== this.filter || version !== this.version) {
      this.filter = filter;
      this.version = version;
      this.isOld = true;
      this.hasFailed = false;
      this.fetch();
    }
  }

  dispose(): void {
    this.isOver = true;
  }

  private get isNeeded(): boolean {
    if (this.isOld || this.wanted !== '') {
      return true;
    }
    for (let index = this.first; index <= Math.min(this.last, this.length - 1); index++) {
      if (this.at(index) === undefined) {
        return true;
      }
    }
    return false;
  }

  private fetch(): void {
    const isBegun = this.version >= 0;
    if (!isBegun || this.isAsking || this.hasFailed || this.isOver || !this.isNeeded) {
      return; // one question at a time; the next is of what is in sight by then
    }
    const { filter, version, wanted, own } = this;
    const offset = Math.max(0, this.first - MARGIN);
    const count = Math.min(this.last + 1 + MARGIN - offset, AT_ONCE);
    const around = wanted === '' ? {} : { around: wanted };
    this.isAsking = true;
    this.ask({ own, filter, states: stateWords(), offset, count, also: [], ...around })
      .then(
        listed => {
          this.isAsking = false;
          if (this.wanted === wanted) {
            this.wanted = '';
          }
          if (filter === this.filter) {
            this.take(listed, version);
          }
        },
        () => {
          this.isAsking = false;
          this.hasFailed = true; // the kernel is gone, which is said; or offline
        },
      )
      .finally(() => {
        if (!this.isOver) {
          this.changed();
          this.fetch();
        }
      });
  }

  private take({ rows, offset, total }: Listed, version: number): void {
    const from = offset - KEPT;
    const to = offset + rows.length + KEPT;
    const isNear = (index: number): boolean =>
      (index >= from && index < to) || (index >= this.first - KEPT && index <= this.last + KEPT);
    for (const [index, alias] of [...this.aliases]) {
      if (alias !== this.kept && (this.isOld || !isNear(index))) {
        this.drop(index);
      }
    }
    rows.forEach(({ alias }, at) => {
      this.drop(offset + at);
      this.drop(this.places.get(alias) ?? -1);
      this.aliases.set(offset + at, alias);
      this.places.set(alias, offset + at);
    });
    this.isOld = version !== this.version;
    if (total !== this.length) {
      this.keys = { length: total };
    }
  }

  private drop(index: number): void {
    const alias = this.aliases.get(index);
    if (alias !== undefined) {
      this.aliases.delete(index);
      this.places.delete(alias);
    }
  }
}
