import { useEffect, useRef, useState } from 'preact/hooks';

import { trans } from '../../state/i18n';
import { useUniqueId } from './hooks';
import { MoreIcon } from './icons';

export interface MenuItem {
  text: string;
  onSelect: () => void;
  disabled?: boolean;
}

interface Props {
  alias: string;
  items: MenuItem[];
  disabled: boolean;
}

/** The ⋯ of a row. A popover, so that the scrolling list does not cut it off. */
export function RowMenu({ alias, items, disabled }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const id = useUniqueId();

  const close = (): void => menu.current?.hidePopover();
  const show = (): void => {
    if (menu.current === null || button.current === null) {
      return;
    }
    menu.current.showPopover();
    place(menu.current, button.current);
    entries(menu.current)[0]?.focus();
  };

  useEffect(() => {
    if (!open) {
      return;
    }
    // It does not move along with its row.
    window.addEventListener('scroll', close, true);
    return () => window.removeEventListener('scroll', close, true);
  }, [open]);

  return (
    <>
      <button
        ref={button}
        type="button"
        class="milvus-nb-button milvus-nb-mod-quiet milvus-nb-more"
        aria-label={trans.__('More actions for %1', alias)}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        data-focus={`more ${alias}`}
        disabled={disabled}
        onClick={show}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            event.stopPropagation();
            show();
          }
        }}
      >
        <MoreIcon />
      </button>
      <div
        ref={menu}
        id={id}
        class="milvus-nb-menu"
        role="menu"
        aria-label={trans.__('Actions for %1', alias)}
        popover="auto"
        onToggle={event => setOpen(event.newState === 'open')}
        onKeyDown={event => onKey(event, menu.current, button.current)}
      >
        {items.map(item => (
          <button
            type="button"
            role="menuitem"
            class="milvus-nb-menu-item"
            tabIndex={-1}
            aria-disabled={item.disabled ?? false}
            key={item.text}
            onClick={() => {
              if (!item.disabled) {
                close();
                button.current?.focus();
                item.onSelect();
              }
            }}
          >
            {item.text}
          </button>
        ))}
      </div>
    </>
  );
}

function entries(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>('[role="menuitem"]')];
}

function onKey(event: KeyboardEvent, menu: HTMLElement | null, button: HTMLElement | null): void {
  if (menu === null) {
    return;
  }
  event.stopPropagation();
  const items = entries(menu);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to: Record<string, number> = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  };
  const index = to[event.key];
  if (index !== undefined) {
    event.preventDefault();
    items[index]?.focus();
  } else if (event.key === 'Escape' || event.key === 'Tab') {
    event.preventDefault();
    menu.hidePopover();
    button?.focus();
  }
}

/** Below the button, its right edge on the button's; above where there is no room. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const gap = 2;
  const at = button.getBoundingClientRect();
  const below = at.bottom + gap + menu.offsetHeight < window.innerHeight;
  const top = below ? at.bottom + gap : at.top - gap - menu.offsetHeight;
  menu.style.setProperty('--milvus-nb-menu-top', `${Math.max(gap, top)}px`);
  menu.style.setProperty(
    '--milvus-nb-menu-left',
    `${Math.max(gap, at.right - menu.offsetWidth)}px`,
  );
}
