// Whether somebody attends to this page: it is in sight, and was touched not long ago. Without that
// nothing is asked of a kernel or a server, and nothing is told: each word would keep them from
// looking idle, and from being ended where idle ones are.

import { elapsed } from './clock';

/** Whether somebody is there; what is subscribed is called when that changes. */
export interface Attention {
  readonly isThere: boolean;
  subscribe(listener: () => void): () => void;
}

/** Nobody has touched the page for so long: nobody is there. */
const UNTOUCHED_MS = 5 * 60_000;

/** What a user does; not scrolling, which a page does by itself, too. */
const TOUCHES = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'input', 'focusin'];

class PageAttention implements Attention {
  isThere: boolean;
  private touchedAt = elapsed();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor() {
    this.isThere = !document.hidden;
    for (const kind of TOUCHES) {
      addEventListener(kind, this.onTouch, { capture: true, passive: true });
    }
    addEventListener('focus', this.onTouch);
    addEventListener('pageshow', this.onTouch);
    addEventListener('pagehide', () => this.set(false));
    document.addEventListener('visibilitychange', this.onTouch);
    this.rest();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private readonly onTouch = (): void => {
    const now = elapsed();
    if (now - this.touchedAt > UNTOUCHED_MS) {
      this.set(false); // the machine slept, and its timers with it
    }
    this.touchedAt = now;
    this.set(!document.hidden);
  };

  /** Wait until nobody has touched the page for long. */
  private readonly rest = (): void => {
    const left = this.touchedAt + UNTOUCHED_MS - elapsed();
    if (left <= 0) {
      this.set(false);
    } else if (this.isThere) {
      this.timer = setTimeout(this.rest, left);
    }
  };

  private set(isThere: boolean): void {
    if (isThere === this.isThere) {
      return;
    }
    this.isThere = isThere;
    clearTimeout(this.timer);
    this.rest();
    for (const listener of [...this.listeners]) {
      listener();
    }
  }
}

let ours: Attention | null = null;

/** The page's, for all that is in it. */
export function pageAttention(): Attention {
  ours ??= typeof document === 'undefined' ? NOBODY : new PageAttention();
  return ours;
}

/** Where there is no page. */
const NOBODY: Attention = { isThere: false, subscribe: () => () => {} };
