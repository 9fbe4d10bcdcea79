import type { RefObject } from 'preact';
import { useCallback, useLayoutEffect, useRef } from 'preact/hooks';

import { SCROLLER, useRedraw } from './hooks';
import { Places } from './places';

/** What stays at the upper end of the scroller, in px. */
const HEADER_HEIGHT = 32;

/** Where a row begins in its list. */
const START = '--milvus-nb-row-start';

/** So many rows are drawn beyond what can be seen, and so many of them are left before more are. */
const BEYOND = 8;
const LEFT = 2;

/** Scrolling has ended when nothing has moved for so many ms. */
const STILL_MS = 150;

/** A row that is to be shown is there within so many frames: those on the way to it may be of any height. */
const SHOWN_WITHIN_FRAMES = 10;
const STEADY_FRAMES = 3;

/** What lists differ in. */
interface Kind {
  /** The height of most rows, in px; drawn rows are measured. */
  height: number;
  /** The attribute of a row that has its index. */
  index: string;
  /** The custom property of the list that has the height of all rows. */
  size: string;
}

/** The rows of a list that are to be drawn, and where they are in it. */
export interface VirtualRows {
  /** `start` counts from the beginning of the list, in px. */
  items: { index: number; start: number }[];
  /** Put a row there, and have it measured; `start` as above. */
  place: (row: HTMLElement | null, start: number) => void;
  show: (index: number) => void;
}

/**
 * The rows as they were drawn, where neither what all share nor what is their own is another: while a
 * list is scrolled that holds for most of them.
 */
export function useKeptRows<V>(
  shared: readonly unknown[],
): (key: string, own: readonly unknown[], draw: () => V) => V {
  type Rows = Map<string, { own: readonly unknown[]; row: V }>;
  const kept = useRef<{ shared: readonly unknown[]; rows: Rows }>({ shared, rows: new Map() });
  const before: Rows = isEqual(kept.current.shared, shared)
    ? kept.current.rows
    : (new Map() as Rows);
  const rows: Rows = new Map();
  kept.current = { shared, rows };
  return (key, own, draw) => {
    const known = before.get(key);
    const row = known !== undefined && isEqual(known.own, own) ? known.row : draw();
    rows.set(key, { own, row });
    return row;
  };
}

function isEqual(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at]);
}

/**
 * Only the rows that can be seen, and the one that has the focus: taking that away would throw the
 * focus out of the list. The list is somewhere in what scrolls, below and above other things.
 *
 * `keys` is the same array for as long as the rows are the same: with another one all places are
 * computed anew.
 */
export function useVirtualRows(
  space: RefObject<HTMLElement | null>,
  keys: ArrayLike<string>,
  kept: number,
  kind: Kind,
): VirtualRows {
  const draw = useRedraw();
  const ref = useRef<Rows | null>(null);
  ref.current ??= new Rows(space, kind, draw);
  const rows = ref.current;
  rows.places.setKeys(keys);
  const items = rows.drawn(kept).map(index => ({ index, start: rows.places.start(index) }));
  useLayoutEffect(() => rows.follow(), [rows]);
  useLayoutEffect(() => rows.look());
  return {
    items,
    place: useCallback((row: HTMLElement | null, start: number) => rows.place(row, start), [rows]),
    show: useCallback((index: number) => rows.show(index), [rows]),
  };
}

/** The rows of one list, in what scrolls. */
class Rows {
  readonly places: Places;
  private scroller: HTMLElement | null = null;
  /** Where the list begins in what scrolls, how far that is scrolled, and how much of it is seen. */
  private before = 0;
  private offset = 0;
  private seen = 0;
  private range: [first: number, last: number] = [0, -1];
  private still: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;
  private readonly observed = new Set<HTMLElement>();
  private hasLeft = false;
  private size = -1;
  /** Rows above what is seen have become so much higher. */
  private above = 0;

  constructor(
    private readonly space: RefObject<HTMLElement | null>,
    private readonly kind: Kind,
    private readonly draw: () => void,
  ) {
    this.places = new Places(kind.height);
  }

  /** The rows that are to be drawn. */
  drawn(kept: number): number[] {
    const { length } = this.places;
    if (length === 0 || this.seen === 0) {
      return [];
    }
    const [first, last] = this.inSight();
    const [from, to] = (this.range = [
      Math.max(0, first - BEYOND),
      Math.min(length - 1, last + BEYOND),
    ]);
    const indexes = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    if (kept >= 0 && kept < from) {
      indexes.unshift(kept);
    } else if (kept > to && kept < length) {
      indexes.push(kept);
    }
    return indexes;
  }

  place(row: HTMLElement | null, start: number): void {
    if (row === null) {
      this.hasLeft = true;
      return;
    }
    const at = `${start}px`;
    if (row.style.getPropertyValue(START) !== at) {
      row.style.setProperty(START, at);
    }
    // It is measured when the page is laid out for its frame: asking now would have that done, too.
    if (!this.observed.has(row)) {
      this.observed.add(row);
      this.sizes.observe(row);
    }
  }

  /** Follow what scrolls, for as long as there is a list. */
  follow(): () => void {
    const scroller = this.space.current?.closest<HTMLElement>(SCROLLER) ?? null;
    this.scroller = scroller;
    if (scroller !== null) {
      scroller.addEventListener('scroll', this.onScroll, { passive: true });
      this.offset = scroller.scrollTop;
      this.seen = scroller.clientHeight;
      this.sizes.observe(scroller);
      this.draw();
    }
    return () => {
      scroller?.removeEventListener('scroll', this.onScroll);
      this.sizes.disconnect();
      this.observed.clear();
      clearTimeout(this.still);
      cancelAnimationFrame(this.frame);
    };
  }

  /** They have been drawn. */
  look(): void {
    const { scroller, places } = this;
    const space = this.space.current;
    if (scroller === null || space === null) {
      return;
    }
    if (places.size !== this.size) {
      this.size = places.size;
      space.style.setProperty(this.kind.size, `${this.size}px`);
    }
    if (this.above !== 0) {
      scroller.scrollTop += this.above; // what is seen stays where it is
      this.offset = scroller.scrollTop;
      this.above = 0;
    }
    if (this.hasLeft) {
      this.hasLeft = false;
      for (const row of this.observed) {
        if (!row.isConnected) {
          this.observed.delete(row);
          this.sizes.unobserve(row);
        }
      }
    }
    // What is above the list comes and goes: a form, a notice, another section.
    if (this.still === undefined) {
      const from = scroller.getBoundingClientRect().top - scroller.scrollTop;
      const found = Math.round(space.getBoundingClientRect().top - from);
      if (found !== this.before && scroller.checkVisibility()) {
        this.before = found;
        this.draw();
      }
    }
  }

  /** Bring a row in sight, also where those on the way to it turn out to be of another height. */
  show(index: number, frames = SHOWN_WITHIN_FRAMES): void {
    cancelAnimationFrame(this.frame);
    const { scroller } = this;
    if (scroller === null) {
      return;
    }
    const start = this.before + this.places.start(index);
    const end = start + this.places.height(index);
    const upper = Math.max(0, start - HEADER_HEIGHT);
    const lower = Math.min(upper, end - scroller.clientHeight);
    const at = Math.max(lower, Math.min(upper, scroller.scrollTop));
    if (at !== scroller.scrollTop) {
      scroller.scrollTop = at;
    } else if (frames < SHOWN_WITHIN_FRAMES - STEADY_FRAMES) {
      return;
    }
    if (frames > 0) {
      this.frame = requestAnimationFrame(() => this.show(index, frames - 1));
    }
  }

  private inSight(): [first: number, last: number] {
    const upper = this.offset - this.before;
    return [this.places.at(upper), this.places.at(upper + this.seen)];
  }

  private readonly onScroll = (): void => {
    this.offset = this.scroller?.scrollTop ?? 0;
    clearTimeout(this.still);
    this.still = setTimeout(() => {
      this.still = undefined;
      this.draw();
    }, STILL_MS);
    const [first, last] = this.inSight();
    const [from, to] = this.range;
    const isLeft = from > 0 && first < from + LEFT;
    if (isLeft || (to < this.places.length - 1 && last > to - LEFT)) {
      this.draw();
    }
  };

  private readonly sizes = new ResizeObserver(entries => {
    let isOther = false;
    for (const { target, borderBoxSize } of entries) {
      const height = Math.round(borderBoxSize[0]?.blockSize ?? 0);
      // What is out of sight has no height, and would stand on its neighbours when it is seen again.
      if (height === 0) {
        continue;
      }
      if (target === this.scroller) {
        const { clientHeight, scrollTop } = target;
        isOther ||= this.seen !== clientHeight || this.offset !== scrollTop;
        this.seen = clientHeight;
        this.offset = scrollTop;
        continue;
      }
      const index = Number(target.getAttribute(this.kind.index) ?? -1);
      const end = this.before + this.places.start(index) + this.places.height(index);
      const more = this.places.setHeight(index, height);
      isOther ||= more !== 0;
      this.above += end <= this.offset ? more : 0;
    }
    if (isOther) {
      this.draw();
    }
  });
}
