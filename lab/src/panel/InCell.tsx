import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { trans } from '../state/i18n';
import type { LinkStatus } from '../state/link';
import { keepFocus } from './parts/keepFocus';
import { pressOnce } from './parts/pressOnce';

/** Keeps JupyterLab's shortcuts from a key that is pressed on the element that has it. */
const MARK = 'data-lm-suppress-shortcuts';

interface Props {
  root: RefObject<HTMLElement | null>;
  link: LinkStatus;
  children: ComponentChildren;
}

/** The panel as it stands in a cell: with a frame, a landmark, and an end at which it scrolls. */
export function InCell({ root, link, children }: Props) {
  const [name] = useState(freeName);
  useEffect(() => {
    // A notebook's shortcuts are single keys, arrows and Enter among them, which buttons and lists
    // need themselves. What is pressed together with Ctrl, Alt or Cmd is JupyterLab's here as well.
    const keepPlainKeys = ({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): void => {
      if (target instanceof Element && root.current?.contains(target)) {
        target.toggleAttribute(MARK, !(ctrlKey || metaKey || altKey));
      }
    };
    // JupyterLab listens at the document: the window hears of it before.
    window.addEventListener('keydown', keepPlainKeys, true);
    return () => window.removeEventListener('keydown', keepPlainKeys, true);
  }, [root]);
  useEffect(() => (root.current === null ? undefined : keepFocus(root.current)), [root]);
  useEffect(() => (root.current === null ? undefined : pressOnce(root.current)), [root]);
  return (
    <section
      ref={root}
      class="milvus-nb milvus-nb-panel milvus-nb-scroller"
      aria-label={name}
      data-link={link}
    >
      {children}
    </section>
  );
}

/** `Milvus connections`, or with a number: no two landmarks of a page have the same name. */
function freeName(): string {
  const panels = document.querySelectorAll('section.milvus-nb-panel');
  const taken = new Set([...panels].map(panel => panel.getAttribute('aria-label')));
  const name = trans.__('Milvus connections');
  let free = name;
  for (let n = 2; taken.has(free); n++) {
    free = `${name} ${n}`;
  }
  return free;
}
