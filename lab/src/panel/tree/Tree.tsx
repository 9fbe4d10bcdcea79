import { useContext, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Row } from '../../protocol/messages';
import { elapsed } from '../../state/clock';
import { trans } from '../../state/i18n';
import type { Session } from '../../state/session';
import type { ConnectionNode, Place } from '../../state/tree';
import { type TreeRow, treeRows } from '../../state/treeRows';
import { useUniqueId } from '../parts/hooks';
import { Menu, type MenuItem, type MenuPlace } from '../parts/RowMenu';
import { useVirtualRows } from '../parts/virtual';
import { watchPress } from './drag';
import { type CodeFor, HandsContext, type Taken } from './hands';
import { moved, siblings, typedOn } from './keys';
import { menuItems } from './menu';
import { inSight } from './sight';
import { TreeRowView } from './TreeRowView';
import { nameOf } from './words';

/** The height of most rows, in px. */
const ROW_HEIGHT = 24;
const LEVEL = '--milvus-nb-level';
const INDEX = 'data-tree-index';
/** So many nodes one key opens. */
const MOST_OPENED = 50;

interface Props {
  session: Pick<Session, 'store' | 'tree'>;
  row: Row;
  /** The id of its kernel; null for that of the notebook in front. */
  kernel: string | null;
}

/** The menu of a row: where it is, and what gets the focus back. */
interface OpenMenu {
  found: TreeRow;
  at: MenuPlace;
  from: HTMLElement;
}

/** What is in the databases of a connection, where it was opened. */
export function Tree(props: Props) {
  const node = props.session.tree.of(props.row.alias);
  return node?.isOpen ? <OpenTree {...props} node={node} /> : null;
}

function OpenTree({ session, row, kernel, node }: Props & { node: ConnectionNode }) {
  const { tree, store } = session;
  const { alias } = row;
  const hands = useContext(HandsContext);
  const space = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState('');
  const [menu, setMenu] = useState<OpenMenu | null>(null);
  const lastIndex = useRef(0);
  const typed = useRef({ text: '', at: 0 });
  const menuId = useUniqueId();

  const rows = useMemo(() => treeRows(alias, node), [alias, node, tree.version]);
  const keys = useMemo(() => rows.map(({ key }) => key), [rows]);
  const activeIndex = keys.indexOf(active);
  const list = useVirtualRows(space, keys, ROW_HEIGHT, activeIndex, INDEX);

  useLayoutEffect(() => {
    space.current?.style.setProperty('--milvus-nb-tree-size', `${list.size}px`);
  }, [list.size]);

  useLayoutEffect(() => {
    const seen = inSight(space.current, INDEX).flatMap(index => rows[index] ?? []);
    for (const [name, database] of node.databases) {
      const collections = seen.filter(
        ({ shown, place }) => shown.kind === 'collection' && place.database === name,
      );
      database.want(collections.map(({ place }) => place.collection));
    }
  });

  const goTo = (index: number): void => {
    const key = keys[index];
    if (key !== undefined) {
      setActive(key);
      list.show(index);
      focusRow(space.current, index);
    }
  };

  // A row that is gone does not take the focus along.
  useLayoutEffect(() => {
    if (activeIndex >= 0) {
      lastIndex.current = activeIndex;
    } else if (active !== '' && document.activeElement === document.body) {
      goTo(Math.min(lastIndex.current, rows.length - 1));
    }
  });

  const act = (found: TreeRow): void => {
    const { place, shown } = found;
    switch (shown.kind) {
      case 'database':
        tree.database(alias, place.database).toggle();
        break;
      case 'collection':
        tree.collection(alias, place.database, place.collection).toggle();
        break;
      case 'group':
        tree.toggleGroup(shown.node, shown.group);
        break;
      default:
    }
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const item = event.target as HTMLElement;
    const index = Number(item.getAttribute(INDEX) ?? -1);
    const found = rows[index];
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return; // somebody else's
    }
    if (found === undefined) {
      event.stopPropagation(); // a row's own parts scroll by the arrows, which the list would take
      return;
    }
    const asksForMenu = event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
    if (event.key === '*') {
      event.preventDefault();
      event.stopPropagation();
      siblings(rows, index)
        .filter(({ isOpen }) => isOpen === false)
        .slice(0, MOST_OPENED)
        .forEach(act);
      return;
    }
    typed.current = typedOn(typed.current, event.key, elapsed());
    const next = asksForMenu ? null : moved(rows, index, event.key, typed.current.text);
    if (next === null && !asksForMenu) {
      return; // the list of connections may know it
    }
    event.preventDefault();
    event.stopPropagation();
    if (next === null) {
      if (itemsOf(found).length > 0) {
        openMenu(found, 'button', item);
      }
    } else if (next === 'toggle') {
      act(found);
    } else if (next === 'out') {
      space.current?.closest('li')?.focus();
    } else {
      goTo(next);
    }
  };

  const code = async (place: Place): Promise<Taken> => {
    const own = kernel ?? hands?.kernel() ?? null; // before another notebook is in front
    const { here, elsewhere } = await tree.code(place);
    return {
      for: id => (id !== null && id === own ? here : elsewhere),
      own: kernel === null ? here : elsewhere,
    };
  };
  const failed = (error: unknown): void => store.fail(alias, error);
  const dragged =
    ({ place }: TreeRow) =>
    async (): Promise<CodeFor> =>
      (await code(place)).for;
  const itemsOf = (found: TreeRow): MenuItem[] => menuItems(found, session, hands, code, failed);
  const openMenu = (found: TreeRow, at: MenuPlace, from: HTMLElement): void => {
    setActive(found.key);
    setMenu({ found, at, from });
  };

  return (
    <div
      ref={space}
      class="milvus-nb-tree"
      role="tree"
      aria-label={trans.__('What is in %1', alias)}
      onKeyDown={onKeyDown}
    >
      {list.items.map(({ index, start }) => {
        const found = rows[index];
        if (found === undefined) {
          return null;
        }
        return (
          <TreeRowView
            key={found.key}
            row={found}
            index={index}
            isTabStop={index === Math.max(0, activeIndex)}
            now={store.now()}
            isLost={row.state === 'unreachable'}
            place={element => {
              setLevel(element, found.level);
              list.place(element, start);
            }}
            onFocus={() => setActive(found.key)}
            onAct={() => act(found)}
            onMenu={itemsOf(found).length === 0 ? null : (at, from) => openMenu(found, at, from)}
            onPress={
              hands !== null && hasCode(found)
                ? event => watchPress(event, hands, nameOf(found), dragged(found), failed)
                : null
            }
          />
        );
      })}
      {menu !== null && (
        <Menu
          id={menuId}
          label={trans.__('Actions for %1', nameOf(menu.found))}
          items={itemsOf(menu.found)}
          place={menu.at}
          button={menu.from}
          onClose={() => setMenu(null)}
        />
      )}
    </div>
  );
}

function hasCode({ shown: { kind } }: TreeRow): boolean {
  return kind === 'collection' || kind === 'field';
}

function setLevel(element: HTMLElement | null, level: number): void {
  if (element !== null && element.style.getPropertyValue(LEVEL) !== String(level)) {
    element.style.setProperty(LEVEL, String(level));
  }
}

/** Focus a row that may be drawn only in the next frames. */
function focusRow(space: HTMLElement | null, index: number, frames = 10): void {
  const row = space?.querySelector<HTMLElement>(`[${INDEX}="${index}"]`);
  if (row) {
    row.focus({ preventScroll: true });
  } else if (frames > 0) {
    requestAnimationFrame(() => focusRow(space, index, frames - 1));
  }
}
