import { elapsed } from '../../state/clock';
import { isGiven } from './keepFocus';

/** So long, in ms, focus that is elsewhere in the page is taken for what a closing menu left there. */
const SETTLED_AFTER_MS = 2000;
/** How long focus may wait for its element to be told and drawn, in ms. */
const FOCUS_WITHIN_MS = 30_000;

interface Wish {
  scope: Element;
  selector: string;
  options: FocusOptions;
  since: number;
  from: Element | null;
}

let wanted: Wish | null = null;

/**
 * Move the focus to the first visible element that fits, now or as soon as it is drawn: the kernel
 * may have to tell it first. Focus that the user has meanwhile put somewhere else stays there.
 */
export function focusSoon(scope: Element, selector: string, options: FocusOptions = {}): void {
  const isWaiting = wanted !== null;
  wanted = { scope, selector, options, since: elapsed(), from: document.activeElement };
  settleFocus();
  if (!isWaiting) {
    settleInFrames();
  }
}

function settleInFrames(): void {
  if (wanted !== null) {
    requestAnimationFrame(() => {
      settleFocus();
      settleInFrames();
    });
  }
}

/** Look for what is waited for; called once something was drawn, too. */
export function settleFocus(): void {
  if (wanted === null) {
    return;
  }
  const { scope, selector, options, since, from } = wanted;
  const active = document.activeElement;
  const waited = elapsed() - since;
  const isFree = active === document.body || isGiven(active);
  const isTheirs = scope.contains(active) ? active !== from : waited > SETTLED_AFTER_MS;
  if ((isTheirs && !isFree) || waited > FOCUS_WITHIN_MS) {
    wanted = null;
    return;
  }
  const found = [...scope.querySelectorAll<HTMLElement>(selector)];
  const target = found.find(element => element.checkVisibility());
  if (target !== undefined) {
    wanted = null;
    target.focus(options);
  }
}
