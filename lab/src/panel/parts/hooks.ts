import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useState } from 'preact/hooks';

import { everySecond } from '../../state/clock';
import type { Link } from '../../state/link';
import { focusSoon, settleFocus } from './focusSoon';

/** Both the panel in a cell and the sidebar may be in one page, each with this module of its own. */
const PREFIX = `milvus-nb-${Math.random().toString(36).slice(2)}`;
let ids = 0;

/** An id for the page. Preact's own begin anew with each call of `render`, and then two are the same. */
export function useUniqueId(): string {
  const [id] = useState(() => `${PREFIX}-${ids++}`);
  return id;
}

/** How long a change waits for a frame, in ms: a hidden page has none. */
const FRAME_WITHIN_MS = 200;

/** Call at the next frame, once for all requests until then. */
function onceAFrame(draw: () => void): { request: () => void; cancel: () => void } {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const cancel = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer ?? undefined);
    timer = null;
  };
  const now = (): void => {
    cancel();
    draw();
  };
  const request = (): void => {
    if (timer === null) {
      frame = requestAnimationFrame(now);
      timer = setTimeout(now, FRAME_WITHIN_MS);
    }
  };
  return { request, cancel };
}

/** Draws the view again. */
export function useRedraw(): () => void {
  const [, set] = useState(0);
  return useCallback(() => set(n => n + 1), []);
}

/** What calls back with each change; what is returned ends it. */
export interface Changing {
  subscribe(listener: () => void): () => void;
}

/** Draw again when something has changed, and every second for the ages to tick, where it is seen. */
export function useChanges(source: Changing, seen = true): void {
  const draw = useRedraw();
  useLayoutEffect(() => {
    if (!seen) {
      return;
    }
    draw(); // for what has changed between the first drawing and now
    const frame = onceAFrame(draw);
    const unsubscribe = source.subscribe(frame.request);
    const stop = everySecond(draw);
    return () => {
      stop();
      unsubscribe();
      frame.cancel();
    };
  }, [source, seen]);
}

/** Have the kernel tell what changes, for as long as somebody sees it. */
export function useWatch(link: Link | undefined, seen = true): void {
  useEffect(() => (seen ? link?.watch() : undefined), [link, seen]);
}

/** Whether an element is in sight: not scrolled away, not in a tab behind another. */
export function useInSight(root: RefObject<Element | null>): boolean {
  const [isInSight, set] = useState(false);
  useEffect(() => {
    if (root.current === null) {
      return;
    }
    const observer = new IntersectionObserver(entries =>
      set(entries.at(-1)?.isIntersecting ?? false),
    );
    observer.observe(root.current);
    return () => observer.disconnect();
  }, [root]);
  return isInSight;
}

/** Draw again at once when something has changed: for what is rare, and waited for. */
export function useChangesAtOnce(source: Changing, seen: boolean): void {
  const draw = useRedraw();
  useLayoutEffect(() => (seen ? source.subscribe(draw) : undefined), [source, seen]);
}

/** What scrolls: all lists of a panel share it. */
export const SCROLLER = '.milvus-nb-scroller';

/** What stays at its upper end, in px; news stay below it. */
export const HEADER_HEIGHT = 32;

export type FocusOn = (key: string) => void;

/** Move the focus to the element with `data-focus={key}`, now or as soon as it is drawn. */
export function useFocus(root: RefObject<HTMLElement | null>): FocusOn {
  useLayoutEffect(settleFocus); // before the next key
  return key => {
    const scope = root.current?.closest(SCROLLER) ?? root.current;
    if (scope !== null) {
      focusSoon(scope, `[data-focus="${CSS.escape(key)}"]`);
    }
  };
}
