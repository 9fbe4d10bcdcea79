import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useCallback, useLayoutEffect, useRef } from 'preact/hooks';

import { SCROLLER, useRedraw } from './hooks';

/** What stays at the upper end of the scroller, in px. */
const HEADER_HEIGHT = 32;

type List = Virtualizer<HTMLElement, HTMLElement>;

/** The rows of a list that are to be drawn, and where they are in it. */
export interface VirtualRows {
  /** `start` counts from the beginning of the list, in px. */
  items: { index: number; start: number }[];
  /** The height of all rows, in px. */
  size: number;
  measure: (row: HTMLElement | null) => void;
  show: (index: number) => void;
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
  keys: readonly string[],
  height: number,
  kept: number,
  indexAttribute = 'data-index',
): VirtualRows {
  const draw = useRedraw();
  const ref = useRef<List | null>(null);
  const before = useRef(0);
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
    scrollPaddingStart: HEADER_HEIGHT,
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

  useLayoutEffect(() => list._didMount(), [list]);
  useLayoutEffect(() => {
    list._willUpdate();
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
    measure: list.measureElement,
    show: index => list.scrollToIndex(index),
  };
}
