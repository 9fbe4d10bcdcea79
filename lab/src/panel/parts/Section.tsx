import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { SCROLLER, useUniqueId } from './hooks';
import { ChevronIcon } from './icons';

interface Props {
  title: string;
  /** How many there are in it, closed as well. */
  count?: number;
  /** It is the only one: it has no title, and cannot be closed. */
  bare?: boolean;
  /** Something in it asks, so it is not closed. */
  mustShow?: boolean;
  /** Buttons at the end of its title. */
  tools?: ComponentChildren;
  children: ComponentChildren;
}

/** Which ones the user has closed, by title: it outlives a look at another notebook. */
const closed = new Set<string>();

/** A part of the list that can be closed, with the look and the keys of JupyterLab's accordions. */
export function Section(props: Props) {
  const { title, count = 0, bare = false, mustShow = false, tools, children } = props;
  const id = useUniqueId();
  const [isOpen, setOpen] = useState(!closed.has(title));
  const open = isOpen || mustShow;
  const toggle = (): void => {
    setOpen(!open);
    if (open) {
      closed.add(title);
    } else {
      closed.delete(title);
    }
  };
  return (
    <div class="milvus-nb-section">
      {!bare && (
        <div class="milvus-nb-section-bar">
          <h3 class="milvus-nb-section-title">
            <button
              type="button"
              class="milvus-nb-section-button"
              aria-expanded={open}
              aria-controls={open ? id : undefined}
              onClick={toggle}
              onKeyDown={goToNext}
            >
              <ChevronIcon />
              <span title={title}>{title}</span>
              {count > 0 && <span class="milvus-nb-count">{count.toLocaleString('en')}</span>}
            </button>
          </h3>
          {tools}
        </div>
      )}
      {(open || bare) && <div id={id}>{children}</div>}
    </div>
  );
}

/** The arrows go from title to title, as Lumino's accordion does it. */
function goToNext(event: KeyboardEvent): void {
  const here = event.currentTarget as HTMLElement;
  const all = [
    ...(here.closest(SCROLLER)?.querySelectorAll<HTMLElement>('.milvus-nb-section-button') ?? []),
  ].filter(button => button.checkVisibility());
  const at = all.indexOf(here);
  const to: Record<string, number> = {
    ArrowDown: (at + 1) % all.length,
    ArrowRight: (at + 1) % all.length,
    ArrowUp: (at - 1 + all.length) % all.length,
    ArrowLeft: (at - 1 + all.length) % all.length,
    Home: 0,
    End: all.length - 1,
  };
  const index = to[event.key];
  if (index !== undefined) {
    event.preventDefault();
    all[index]?.focus();
  }
}
