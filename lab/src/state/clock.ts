// The page's own clock, for what shows an age, and for what waits.

/** The page's two clocks have come apart by so much: one was set, or stood still while it slept. */
const APART_MS = 1000;

let apart = Date.now() - performance.now();
let slept = 0;

/**
 * Milliseconds since some time ago. Never goes back when somebody sets the machine's clock, and counts
 * the time that the machine has slept, in which `performance.now()` stands still.
 *
 * A clock that is set forward cannot be told from sleep: what was heard before counts as old then.
 */
export function elapsed(): number {
  const moved = Date.now() - performance.now() - apart;
  if (Math.abs(moved) > APART_MS) {
    apart += moved;
    slept += Math.max(moved, 0);
  }
  return performance.now() + slept;
}

/** Call back every second while the page is in sight; what is returned ends it. */
export function everySecond(callback: () => void): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const follow = (): void => {
    clearInterval(timer);
    if (!document.hidden) {
      timer = setInterval(callback, 1000);
    }
  };
  follow();
  document.addEventListener('visibilitychange', follow);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', follow);
  };
}
