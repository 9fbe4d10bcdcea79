/** What the keyboard can go to, or what goes there by itself. */
const FOCUSABLE = ':is(button, input, select, textarea):not(:disabled), a[href], [tabindex]';

/** What was given the focus for want of what had it: nobody has moved it there. */
let given: Element | null = null;

export function isGiven(element: Element | null): boolean {
  return element !== null && element === given;
}

/**
 * Let no button take the focus along when it goes away: it goes to what is nearest and still there.
 * Nothing is watched while the focus is somewhere else.
 *
 * @returns ends it
 */
export function keepFocus(root: HTMLElement): () => void {
  /** What has the focus, and what that is in, from the inside out. */
  let path: Element[] = [];
  const observer = new MutationObserver(() => {
    if (path[0]?.isConnected === false && document.activeElement === document.body) {
      const found = nearest(path, root) ?? null;
      given = found;
      found?.focus({ preventScroll: true });
    }
  });
  const forget = (): void => {
    path = [];
    observer.disconnect();
  };
  const onFocusIn = ({ target }: FocusEvent): void => {
    given = target === given ? given : null;
    path = pathTo(target as Element, root);
    observer.observe(root, { childList: true, subtree: true });
  };
  const onFocusOut = ({ target, relatedTarget }: FocusEvent): void => {
    if (relatedTarget !== null) {
      if (!root.contains(relatedTarget as Node)) {
        forget();
      }
      return;
    }
    // Either it goes away, or the whole window has lost the focus, or a click went into the blue.
    queueMicrotask(() => {
      if ((target as Element).isConnected && document.activeElement !== target) {
        forget();
      }
    });
  };
  root.addEventListener('focusin', onFocusIn);
  root.addEventListener('focusout', onFocusOut);
  return () => {
    forget();
    root.removeEventListener('focusin', onFocusIn);
    root.removeEventListener('focusout', onFocusOut);
  };
}

function pathTo(element: Element, root: Element): Element[] {
  const path: Element[] = [];
  for (let at: Element | null = element; at !== null && at !== root; at = at.parentElement) {
    path.push(at);
  }
  return [...path, root];
}

/** What has the same key, else what it was in, else the first in that. */
function nearest(path: Element[], root: Element): HTMLElement | undefined {
  const key = path[0]?.getAttribute('data-focus') ?? '';
  const same = root.querySelectorAll<HTMLElement>(`[data-focus="${CSS.escape(key)}"]`);
  for (const around of path.filter(one => one.isConnected)) {
    const inside = [...around.querySelectorAll<HTMLElement>(FOCUSABLE)];
    const found = [
      ...(key === '' ? [] : same),
      ...(around.matches(FOCUSABLE) && around !== root ? [around as HTMLElement] : []),
      ...inside.filter(one => one.tabIndex >= 0),
    ].find(one => one.checkVisibility());
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}
