import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import { useRedraw } from '../parts/hooks';

type List = Virtualizer<HTMLElement, HTMLElement>;

/** The height of a row without a problem, in px; drawn rows are measured. */
const USUAL_HEIGHT = 68;

/**
 * Only the rows that can be seen, and the one that has the focus: taking that away would throw the
 * focus out of the list.
 */
export function useVirtualRows(
  scroller: RefObject<HTMLElement | null>,
  keys: readonly string[],
  kept: number,
): List {
  const draw = useRedraw();
  const ref = useRef<List | null>(null);
  const options = {
    count: keys.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index: number) => keys[index] ?? index,
    estimateSize: () => USUAL_HEIGHT,
    overscan: 4,
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
  useLayoutEffect(() => list._willUpdate());
  return list;
}
