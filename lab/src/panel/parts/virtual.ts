import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useCallback, useLayoutEffect, useRef } from 'preact/hooks';

import { HEADER_HEIGHT, SCROLLER, useRedraw } from './hooks';

const NEWS = '.milvus-nb-news';

/** Where a row begins in its list. */
const START = '--milvus-nb-row-start';

type List = Virtualizer<HTMLElement, HTMLElement>;

/** The rows of a list that are to be drawn, and where they are in it. */
export interface VirtualRows {
  /** `start` counts from the beginning of the list, in px. */
  items: { index: number; start: number }[];
  /** The height of all rows, in px. */
  size: number;
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
 * `height` is that of most rows, in px; drawn rows are measured. `keys` is the same array for as
 * long as the rows are the same: with another one all places are computed anew.
 */
export function useVirtualRows(
  space: RefObject<HTMLElement | null>,
  keys: ArrayLike<string>,
  height: number,
  kept: number,
  indexAttribute = 'data-index',
): VirtualRows {
  const draw = useRedraw();
  const ref = useRef<List | null>(null);
  const before = useRef(0);
  const covered = useRef(HEADER_HEIGHT);
  const placed = useRef(new Set<HTMLElement>());
  const isLeft = useRef(false);
  const getItemKey = useCallback((index: number) => keys[index] ?? index, [keys]);
  const estimateSize = useCallback(() => height, [height]);
  const getScrollElement = (): HTMLElement | null => space.current?.closest(SCROLLER) ?? null;
  const options = {
    count: keys.length,
    getScrollElement,
    getItemKey,
    estimateSize,
    overscan: 8,
    indexAttribute,
    // What is out of sight has no height, and would stand on its neighbours when it is seen again.
    measureElement: (row: HTMLElement) => row.offsetHeight || height,
    scrollMargin: before.current,
    scrollPaddingStart: covered.current,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    rangeExtractor: (range: Parameters<typeof defaultRangeExtractor>[0]) => {
      const indexes = defaultRangeExtractor(range);
      const draws = kept < 0 || kept >= keys.length || indexes.includes(kept);
      return draws ? indexes : [...indexes, kept].sort((a, b) => a - b);
    },
    onChange: draw,
  };
  ref.current ??= new Virtualizer(options);
  const list = ref.current;
  list.setOptions(options);
  // What is in sight stays there, whatever grows or shrinks above it, also while it is being scrolled.
  list.shouldAdjustScrollPositionOnItemSizeChange = ({ start, size, end }, delta, seen) =>
    (size === height || delta < 0 ? start + 1 : end) <= (seen.scrollOffset ?? 0);

  // All are placed before any is measured: to measure one has the page laid out, the whole of it.
  const place = useCallback((row: HTMLElement | null, start: number): void => {
    if (row === null) {
      isLeft.current = true;
      return;
    }
    const at = `${start}px`;
    if (row.style.getPropertyValue(START) !== at) {
      row.style.setProperty(START, at);
    }
    placed.current.add(row);
  }, []);
  useLayoutEffect(() => {
    // The last one first: what a row above the sight has grown by is scrolled at once, and then one
    // below would seem to be above.
    const rows = [...placed.current].map(row => ({ row, at: list.indexFromElement(row) }));
    rows.sort((one, two) => two.at - one.at).forEach(({ row }) => list.measureElement(row));
    placed.current.clear();
    if (isLeft.current) {
      isLeft.current = false;
      list.measureElement(null);
    }
  });

  useLayoutEffect(() => list._didMount(), [list]);
  useLayoutEffect(() => {
    list._willUpdate();
    const news = space.current?.closest('.milvus-nb-panel')?.querySelector(NEWS);
    covered.current = HEADER_HEIGHT + (news?.clientHeight ?? 0);
    // What is above the list comes and goes: a form, a notice, another section.
    const scroller = getScrollElement();
    if (scroller !== null && space.current !== null && !list.isScrolling) {
      const from = scroller.getBoundingClientRect().top - scroller.scrollTop;
      const found = Math.round(space.current.getBoundingClientRect().top - from);
      if (found !== before.current && scroller.checkVisibility()) {
        before.current = found;
        draw();
      }
    }
  });
  return {
    items: list
      .getVirtualItems()
      .map(({ index, start }) => ({ index, start: start - before.current })),
    size: list.getTotalSize(),
    place,
    show: index => list.scrollToIndex(index),
  };
}
