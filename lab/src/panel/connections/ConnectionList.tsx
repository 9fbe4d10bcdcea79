import type { JSX } from 'preact';
import { useContext, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { Row } from '../../protocol/messages';
import { asksFirst } from '../../state/origin';
import { trans } from '../../state/i18n';
import type { RowsView } from '../../state/listing';
import type { RowWish, Session } from '../../state/session';
import { focusSoon } from '../parts/focusSoon';
import type { FocusOn } from '../parts/hooks';
import { useKeptRows, useVirtualRows } from '../parts/virtual';
import { HandsContext } from '../tree/hands';
import { Tree } from '../tree/Tree';
import { cellOf } from './cell';
import { ConnectionRow } from './ConnectionRow';
import type { Opened, RowHandlers } from './rowHandlers';
import { RowInset } from './RowInset';

interface Props {
  session: Session;
  label: string;
  rows: RowsView;
  /** What the form is connecting just now, or "": it has the button that ends it. */
  attempted: string;
  /** The alias to bring into view, or "". */
  reveal: string;
  /** What a command asks of a row, once for each object. */
  wish: RowWish | null;
  on: Pick<RowHandlers, 'retry' | 'use' | 'ping' | 'mend'> & {
    disconnect: (alias: string) => void;
    adopted: (alias: string) => void;
  };
  focus: FocusOn;
}

/** The height of a connection without a problem, in px. */
const ROW_HEIGHT = 26;

/** The keys that open a row, and close it, as in JupyterLab's trees. */
const OPENS: Record<string, boolean | undefined> = { ArrowRight: true, ArrowLeft: false };

/** Those that lead from an open row to what is in it. */
const INSIDE = new Set(['ArrowRight', 'ArrowDown']);

/** What opens each, and gets the focus back when it is closed. */
const OPENED_BY: Record<Opened, string> = {
  question: 'disconnect',
  alias: 'alias',
  code: 'more',
  save: 'more',
};

/** The connections, of which only those in view are drawn. */
export function ConnectionList(props: Props) {
  const { session, label, rows, attempted, reveal, wish, on, focus } = props;
  const { store, link, actions, tree } = session;
  const hands = useContext(HandsContext);
  const space = useRef<HTMLUListElement>(null);
  const [active, setActive] = useState('');
  const [detailed, setDetailed] = useState<ReadonlySet<string>>(new Set());
  const [opened, setOpened] = useState<ReadonlyMap<string, Opened>>(new Map());

  const activeIndex = rows.indexOf(active);
  const list = useVirtualRows(space, rows.keys, ROW_HEIGHT, activeIndex);
  const [first, last] = ends(list.items, activeIndex);
  // Before the next answer, with which what is neither near nor kept goes.
  useLayoutEffect(() => rows.see(first, last, active), [rows, first, last, active]);
  /** Where a key has led to, as long as that is not told or drawn; else -1. */
  const going = useRef(-1);
  const tabStop =
    activeIndex >= 0
      ? activeIndex
      : list.items.find(({ index }) => rows.at(index) !== undefined)?.index;

  useLayoutEffect(() => {
    space.current?.style.setProperty('--milvus-nb-list-size', `${list.size}px`);
  }, [list.size]);

  const goTo = (index: number): void => {
    if (index < 0 || index >= rows.length) {
      return;
    }
    const row = rows.at(index);
    if (row !== undefined) {
      setActive(row.alias);
    }
    list.show(index);
  };
  const revealIndex = reveal === '' ? -1 : rows.indexOf(reveal);
  useEffect(() => goTo(revealIndex), [reveal, revealIndex >= 0]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return; // somebody else's
    }
    const target = event.target as HTMLElement;
    const at =
      going.current >= 0
        ? Math.min(going.current, rows.length - 1)
        : Number(target.closest<HTMLElement>('[data-index]')?.dataset.index ?? -1);
    const to: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
    };
    const row = rows.at(at);
    if (row !== undefined && target.matches('li')) {
      const isOpen = isOpened(row);
      const first = target.querySelector<HTMLElement>('[role="treeitem"]');
      if (OPENS[event.key] === !isOpen) {
        event.preventDefault();
        tree.toggle(row);
        return;
      }
      if (isOpen && first !== null && INSIDE.has(event.key)) {
        event.preventDefault();
        first.focus();
        return;
      }
    }
    const index = to[event.key];
    if (at >= 0 && index !== undefined && index >= 0 && index < rows.length) {
      event.preventDefault();
      goTo(index);
      going.current = index === at ? -1 : index;
      focusSoon(event.currentTarget as HTMLElement, rowAt(index), { preventScroll: true });
    }
  };

  const isOpened = ({ alias }: Row): boolean => tree.of(alias)?.isOpen ?? false;
  const openedFor = ({ alias }: Row): number | null => {
    const found = tree.of(alias)?.isOpen === true ? tree.of(alias)?.found : null;
    return found == null ? null : store.now() - found.asked_at;
  };
  const toggleDetails = (alias: string): void => {
    const next = new Set(detailed);
    if (!next.delete(alias)) {
      next.add(alias);
    }
    setDetailed(next);
  };
  const check = (row: Row): void => {
    setDetailed(new Set(detailed).add(row.alias));
    void actions.check(row);
  };

  const open = (alias: string, what: Opened): void => {
    setOpened(new Map(opened).set(alias, what));
  };
  const close = (alias: string): void => {
    const what = opened.get(alias);
    const next = new Map(opened);
    next.delete(alias);
    setOpened(next);
    focus(`${what === undefined ? 'row' : OPENED_BY[what]} ${alias}`);
  };
  const disconnect = (row: Row): void => {
    if (asksFirst(row)) {
      open(row.alias, 'question');
    } else {
      on.disconnect(row.alias);
    }
  };

  const insert =
    hands?.canInsert() === true
      ? ({ alias }: Row): void => cellOf(alias, session, hands).insert()
      : null;
  const press =
    hands === null
      ? null
      : ({ alias }: Row, event: PointerEvent): void => cellOf(alias, session, hands).press(event);

  const granted = useRef<RowWish | null>(null);
  const wished = wish === null ? undefined : rows.at(rows.indexOf(wish.alias));
  useEffect(() => {
    const row = wished;
    if (wish !== null && row !== undefined && granted.current !== wish) {
      granted.current = wish;
      const grant = { show: () => {}, check, code: () => open(row.alias, 'code'), disconnect };
      grant[wish.kind](row);
    }
  }, [wish, wished !== undefined]);
  const keptRow = useKeptRows<JSX.Element>([props, hands, detailed, opened]);
  return (
    <ul class="milvus-nb-list" role="list" aria-label={label} ref={space} onKeyDown={onKeyDown}>
      {list.items.map(({ index, start }) => {
        const found = rows.at(index);
        const place = (node: HTMLElement | null): void => list.place(node, start);
        if (found === undefined) {
          return <Awaited index={index} of={rows.length} place={place} key={`\n${index}`} />;
        }
        const isTabStop = index === tabStop;
        return keptRow(found.alias, [found, index, start, isTabStop], () => {
          const row = store.latest(found);
          return (
            <li
              class="milvus-nb-row"
              key={row.alias}
              ref={place}
              aria-label={row.alias}
              aria-posinset={index + 1}
              aria-setsize={rows.length}
              data-failing={session.textOf(row).failing !== null}
              aria-busy={store.busy.has(row.alias)}
              tabIndex={isTabStop ? 0 : -1}
              data-index={index}
              data-focus={`row ${row.alias}`}
              onFocusIn={() => {
                going.current = -1;
                setActive(row.alias);
              }}
            >
              <ConnectionRow
                row={row}
                text={session.textOf(row)}
                current={store.current === row.alias}
                busy={store.busy.get(row.alias)}
                attempted={row.alias === attempted}
                ping={store.pings.get(row.alias)}
                check={store.checkOf(row)}
                detailed={detailed.has(row.alias)}
                isOpen={isOpened(row)}
                openedFor={openedFor(row)}
                gone={link.isGone || store.link === 'restarting'}
                actions={actions}
                on={{
                  ...on,
                  disconnect,
                  open,
                  toggleDetails,
                  toggleTree: row => tree.toggle(row),
                  check,
                  insert,
                  press,
                }}
                tree={<Tree session={session} row={row} kernel={null} />}
              >
                <RowInset
                  what={opened.get(row.alias)}
                  row={row}
                  session={session}
                  onClose={() => close(row.alias)}
                  onDisconnect={() => on.disconnect(row.alias)}
                  onAdopted={on.adopted}
                />
              </ConnectionRow>
            </li>
          );
        });
      })}
    </ul>
  );
}

interface AwaitedProps {
  index: number;
  of: number;
  place: (node: HTMLElement | null) => void;
}

/** A row that is not told yet. */
function Awaited({ index, of, place }: AwaitedProps) {
  return (
    <li
      class="milvus-nb-row milvus-nb-mod-awaited"
      ref={place}
      aria-label={trans.__('Not read yet')}
      aria-posinset={index + 1}
      aria-setsize={of}
      aria-busy
      data-index={index}
    >
      <div class="milvus-nb-row-line">
        <span class="milvus-nb-short" aria-hidden="true">
          …
        </span>
      </div>
    </li>
  );
}

/** A row that is told. */
const rowAt = (index: number): string => `[data-index="${index}"]:not(.milvus-nb-mod-awaited)`;

/** The first and the last of those in sight, without the one that is drawn for its focus alone. */
function ends(items: { index: number }[], kept: number): [number, number] {
  const indexes = items.map(({ index }) => index);
  if (indexes.length > 1 && indexes[0] === kept && indexes[1] !== kept + 1) {
    indexes.shift();
  }
  if (indexes.length > 1 && indexes.at(-1) === kept && indexes.at(-2) !== kept - 1) {
    indexes.pop();
  }
  return [indexes[0] ?? 0, indexes.at(-1) ?? 0];
}
