import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import { trans } from '../../state/i18n';
import { useUniqueId } from './hooks';
import { MoreIcon } from './icons';

export interface MenuItem {
  text: string;
  onSelect: () => void;
  disabled?: boolean;
}

/** Where a menu opens: at the pointer, or below its button. */
export type MenuPlace = { left: number; top: number } | 'button';

interface Props {
  alias: string;
  items: MenuItem[];
  disabled: boolean;
}

/**
 * The ⋯ of a row, which the right mouse button opens as well. A popover, so that what scrolls does
 * not cut it off.
 */
export function RowMenu({ alias, items, disabled }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [place, setPlace] = useState<MenuPlace | null>(null);
  const id = useUniqueId();

  useLayoutEffect(() => {
    const row = button.current?.closest('li');
    if (!row || disabled) {
      return;
    }
    const open = (event: MouseEvent): void => {
      // JupyterLab leaves the browser's own menu to Shift; boxes and what was opened keep theirs.
      const inside = event.target as Element;
      if (!event.shiftKey && inside.closest('.milvus-nb-below, input, a') === null) {
        event.preventDefault();
        event.stopPropagation();
        setPlace({ left: event.clientX, top: event.clientY });
      }
    };
    row.addEventListener('contextmenu', open);
    return () => row.removeEventListener('contextmenu', open);
  }, [disabled]);

  return (
    <>
      <button
        ref={button}
        type="button"
        class="milvus-nb-button milvus-nb-mod-quiet milvus-nb-mod-icon milvus-nb-more"
        aria-label={trans.__('More actions for %1', alias)}
        title={trans.__('More actions for %1', alias)}
        aria-haspopup="menu"
        aria-expanded={place !== null}
        aria-controls={place === null ? undefined : id}
        data-focus={`more ${alias}`}
        disabled={disabled}
        onClick={() => setPlace('button')}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            event.stopPropagation();
            setPlace('button');
          }
        }}
      >
        <MoreIcon />
      </button>
      {place !== null && (
        <Menu
          id={id}
          label={trans.__('Actions for %1', alias)}
          items={items}
          place={place}
          button={button.current}
          onClose={() => setPlace(null)}
        />
      )}
    </>
  );
}

interface MenuProps {
  id: string;
  label: string;
  items: MenuItem[];
  place: MenuPlace;
  button: HTMLElement | null;
  onClose: () => void;
}

export function Menu({ id, label, items, place, button, onClose }: MenuProps) {
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (menu.current !== null && button !== null) {
      menu.current.showPopover();
      put(menu.current, place, button);
      entries(menu.current)[0]?.focus();
    }
    // It does not move along with its row; what else scrolls, such as an output, is none of its business.
    const onScroll = ({ target }: Event): void => {
      if ((target as Node).contains(button)) {
        onClose();
      }
    };
    window.addEventListener('scroll', onScroll, true);
    return () => window.removeEventListener('scroll', onScroll, true);
  }, []);
  return (
    <div
      ref={menu}
      id={id}
      class="milvus-nb-menu"
      role="menu"
      aria-label={label}
      popover="auto"
      onToggle={event => {
        if (event.newState === 'closed') {
          onClose();
        }
      }}
      onKeyDown={event => onKey(event, menu.current, button)}
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
              menu.current?.hidePopover();
              button?.focus();
              item.onSelect();
            }
          }}
        >
          {item.text}
        </button>
      ))}
    </div>
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

/** Within the page; below the button, its end on the button's, above where there is no room. */
function put(menu: HTMLElement, place: MenuPlace, button: HTMLElement): void {
  const gap = 2;
  const { offsetWidth, offsetHeight } = menu;
  const at = button.getBoundingClientRect();
  const beside = button.matches(':dir(rtl)') ? at.left : at.right - offsetWidth;
  const [left, under, over] =
    place === 'button'
      ? [beside, at.bottom + gap, at.top - gap - offsetHeight]
      : // Under the pointer, or letting the mouse's button go would close it.
        [place.left - 1, place.top - 1, place.top - offsetHeight + 1];
  const top = under + offsetHeight < window.innerHeight ? under : over;
  const most = window.innerWidth - offsetWidth - gap;
  menu.style.setProperty('--milvus-nb-menu-top', `${Math.max(gap, top)}px`);
  menu.style.setProperty('--milvus-nb-menu-left', `${Math.max(gap, Math.min(left, most))}px`);
}
