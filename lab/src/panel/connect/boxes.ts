// The boxes of the connect form. What they hold is the page's own: no secret becomes a state of ours.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/**
 * Give the boxes of a form, by name: to be found, filled, ticked, emptied, and gone to.
 *
 * @param begins whether the first has the focus at once
 */
export function useBoxes(begins = true) {
  const form = useRef<HTMLFormElement>(null);
  const address = useRef<HTMLInputElement>(null);
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const token = useRef<HTMLInputElement>(null);
  /** What hides the boxes that few need. */
  const fold = useRef<HTMLDetailsElement>(null);
  const wantsFocus = useRef(begins);
  const [addressBox, setAddressBox] = useState({ number: 0, text: '' });

  useLayoutEffect(() => {
    if (wantsFocus.current) {
      address.current?.focus();
    }
  }, [addressBox.number]);

  const named = (name: string): HTMLInputElement | null => {
    const found = form.current?.elements.namedItem(name);
    return found instanceof HTMLInputElement ? found : null;
  };

  const unfold = (): void => {
    if (fold.current !== null) {
      fold.current.open = true;
    }
  };

  const fill = (name: string, text: string): void => {
    const found = named(name);
    if (found !== null && found.value !== text) {
      found.value = text;
      if (found.closest('details') !== null) {
        unfold();
      }
    }
  };

  /** Tick a box, or take the tick out. */
  const check = (name: string, checked: boolean): void => {
    const found = named(name);
    if (found !== null) {
      found.checked = checked;
    }
  };

  const emptySecrets = (): void => {
    for (const input of [password.current, token.current]) {
      if (input !== null) {
        input.value = '';
      }
    }
  };

  const typedAddress = (): string => address.current?.value ?? '';

  /** Put another box in the place of this one, which remembers for undo what was typed into it. */
  const renewAddress = (
    text: string,
    focus: boolean = document.activeElement === address.current,
  ): void => {
    wantsFocus.current = focus;
    setAddressBox(({ number }) => ({ number: number + 1, text }));
  };

  return {
    form,
    address,
    user,
    password,
    token,
    fold,
    addressBox,
    named,
    unfold,
    fill,
    check,
    emptySecrets,
    typedAddress,
    renewAddress,
  };
}
