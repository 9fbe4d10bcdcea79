import type { ComponentChildren } from 'preact';

import { elapsed } from '../../state/clock';
import { age } from '../../state/format';
import { trans } from '../../state/i18n';
import type { TreeRow } from '../../state/treeRows';
import { FailureText } from '../parts/FailureText';
import { Folded } from '../parts/Folded';
import { useUniqueId } from '../parts/hooks';
import { ChevronIcon, MoreIcon } from '../parts/icons';
import type { MenuPlace } from '../parts/RowMenu';
import { NodeIcon } from './icons';
import { NotTold } from './NotTold';
import { PreviewTable } from './PreviewTable';
import { ageOf, detailOf, loadWord, nameOf, olderThan } from './words';

/** From so many seconds on it is said how long an answer is waited for. */
const LONG_S = 2;

interface Props {
  row: TreeRow;
  index: number;
  /** Whether Tab leads here. */
  isTabStop: boolean;
  /** By the kernel's clock, in Unix seconds. */
  now: number;
  /** Whether the connection's own line says that no server answers. */
  isLost: boolean;
  /** Puts it where it belongs. */
  place: (element: HTMLElement | null) => void;
  onFocus: () => void;
  /** Opens or closes it. */
  onAct: () => void;
  onMenu: ((at: MenuPlace, element: HTMLElement) => void) | null;
  onPress: ((event: PointerEvent) => void) | null;
}

/** One row of the tree: a node in a line, or what is said of one. */
export function TreeRowView(props: Props) {
  const { row, index, isTabStop, now, isLost, place, onFocus, onAct, onMenu, onPress } = props;
  const { shown, isOpen } = row;
  const id = useUniqueId();
  const name = nameOf(row);
  const detail = detailOf(row, now);
  const busy = isBusy(row);
  return (
    <div
      ref={place}
      class={`milvus-nb-node milvus-nb-mod-${shown.kind}`}
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-expanded={isOpen ?? undefined}
      aria-busy={busy || undefined}
      aria-selected={isTabStop}
      aria-label={name}
      aria-describedby={detail === '' ? undefined : id}
      tabIndex={isTabStop ? 0 : -1}
      data-tree-index={index}
      onFocusIn={onFocus}
      onContextMenu={event => {
        event.stopPropagation(); // the connection's own is for its line
        if (onMenu !== null && !event.shiftKey) {
          event.preventDefault();
          onMenu({ left: event.clientX, top: event.clientY }, event.currentTarget);
        }
      }}
    >
      {isLine(row) ? (
        <div
          class="milvus-nb-node-line"
          title={[name, detail, ageOf(row, now)].filter(Boolean).join('\n')}
          onClick={isOpen === null ? undefined : onAct}
          onPointerDown={onPress ?? undefined}
        >
          <span class="milvus-nb-node-opener">{isOpen !== null && <ChevronIcon />}</span>
          <NodeIcon shown={shown} />
          <span class="milvus-nb-node-name milvus-nb-data">{name}</span>
          <span class="milvus-nb-node-detail milvus-nb-data" id={id}>
            <Detail row={row} detail={detail} now={now} />
          </span>
          {onMenu !== null && (
            <button
              type="button"
              class="milvus-nb-button milvus-nb-mod-quiet milvus-nb-mod-icon milvus-nb-node-more"
              tabIndex={-1} // the key for menus does the same
              aria-label={trans.__('Actions for %1', name)}
              title={trans.__('Actions for %1', name)}
              aria-haspopup="menu"
              onPointerDown={event => event.stopPropagation()}
              onClick={event => {
                event.stopPropagation();
                // The row gets the focus back: the button is seen while the pointer is here.
                const { currentTarget } = event;
                onMenu(
                  'button',
                  currentTarget.closest<HTMLElement>('[role="treeitem"]') ?? currentTarget,
                );
              }}
            >
              <MoreIcon />
            </button>
          )}
        </div>
      ) : (
        <div class="milvus-nb-node-block" id={id}>
          <Block row={row} now={now} isLost={isLost} />
        </div>
      )}
    </div>
  );
}

/** What is drawn of it: rows and state of a collection fit where there is no room for words. */
function Detail({ row, detail, now }: { row: TreeRow; detail: string; now: number }) {
  const { shown, isOpen } = row;
  if (shown.kind !== 'collection' || shown.size === null) {
    return detail;
  }
  const { size } = shown;
  const load = loadWord(size);
  const old = isOpen && shown.node?.found != null && olderThan(shown.node.found.asked_at, now);
  return (
    <>
      <span class="milvus-nb-wide">{detail}</span>
      <span class="milvus-nb-narrow" aria-hidden="true">
        {old !== false && old !== '' && `${old} · `}
        {size.rows !== null && `${size.is_exact ? '' : '~'}${size.rows.toLocaleString('en')}`}
        {load !== '' && <LoadMark load={size.load} />}
      </span>
    </>
  );
}

function LoadMark({ load }: { load: string | null }) {
  return (
    <svg class="milvus-nb-load" data-load={load} viewBox="0 0 12 12">
      <circle class="milvus-nb-line" cx="6" cy="6" r="3.5" />
    </svg>
  );
}

function isLine({ shown: { kind } }: TreeRow): boolean {
  return !['preview', 'waiting', 'failure', 'untold', 'more', 'empty'].includes(kind);
}

function isBusy({ shown }: TreeRow): boolean {
  return 'node' in shown && shown.kind !== 'group' && shown.node?.waitingSince != null;
}

/** What is said of a node, in as many lines as it takes. */
function Block({
  row: { shown, ...row },
  now,
  isLost,
}: {
  row: TreeRow;
  now: number;
  isLost: boolean;
}): ComponentChildren {
  switch (shown.kind) {
    case 'preview':
      return (
        <PreviewTable node={shown.node} name={row.place.collection} now={now} isLost={isLost} />
      );
    case 'waiting': {
      const { branch } = shown;
      const waited = (elapsed() - (branch.waitingSince ?? elapsed())) / 1000;
      return (
        <p class="milvus-nb-waiting">
          {trans.__('Asking the server…')} {waited >= LONG_S && age(waited)}
        </p>
      );
    }
    case 'failure':
      return (
        <>
          {isLost ? <NotTold /> : <FailureText failure={shown.failure} isFolded />}
          <button
            type="button"
            class="milvus-nb-link"
            onClick={() => shown.branch.open().forEach(branch => branch.fetch())}
          >
            {trans.__('Try again')}
          </button>
        </>
      );
    case 'untold':
      return shown.untold.grant === '' ? (
        <p>{shown.untold.reason}</p>
      ) : (
        <Folded summary={shown.untold.reason}>
          {trans.__('Ask an administrator to run:')}{' '}
          <code class="milvus-nb-data">{shown.untold.grant}</code>
        </Folded>
      );
    default:
      return <p>{nameOf({ shown, ...row })}</p>;
  }
}
