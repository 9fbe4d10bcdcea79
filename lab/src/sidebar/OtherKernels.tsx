import type { RunningKernels, ConnectedKernel } from '../kernels/runningKernels';
import type { MilvusKernel } from '../kernels/kernel';
import { useContext } from 'preact/hooks';

import { cellOf } from '../panel/connections/cell';
import { Button } from '../panel/parts/Button';
import { FailureAlert } from '../panel/parts/FailureAlert';
import { useWatch } from '../panel/parts/hooks';
import { DisconnectIcon } from '../panel/parts/icons';
import { Name } from '../panel/parts/Name';
import { Notices } from '../panel/parts/Notices';
import { Opener } from '../panel/parts/Opener';
import { RowMenu } from '../panel/parts/RowMenu';
import { Section } from '../panel/parts/Section';
import { StateMark } from '../panel/parts/StateMark';
import { HandsContext } from '../panel/tree/hands';
import { Tree } from '../panel/tree/Tree';
import type { Row } from '../protocol/messages';
import { elapsed } from '../state/clock';
import { age } from '../state/format';
import { trans } from '../state/i18n';
import { asksFirst } from '../state/origin';
import type { LabActions } from './labActions';

/** So many connections of one kernel are listed; its notebook has the others. */
const LISTED = 20;

/** Seconds after which a kernel that has not answered is worth a line. */
const LONG = 2;

interface Props {
  kernels: RunningKernels;
  current: MilvusKernel | null;
  /** Of the notebook in front, whose kernel may not be known yet. */
  path: string;
  lab: LabActions;
  seen: boolean;
}

/** The other running kernels with connections. */
export function OtherKernels({ kernels, current, path, lab, seen }: Props) {
  const isFront = (id: string): boolean =>
    id === current?.id || (current === null && path !== '' && kernels.userOf(id).path === path);
  const others = <T extends { id: string }>(among: T[]): { kernel: T; name: string }[] =>
    among
      .filter(({ id }) => !isFront(id))
      .map(kernel => ({ kernel, name: nameOf(kernels, kernel.id) }))
      .sort((one, two) => one.name.localeCompare(two.name, undefined, { numeric: true }));
  const shown = others(kernels.connected().filter(hasSomething));
  const silent = others(kernels.all().filter(isSilent));
  const { problem } = kernels;
  if (shown.length + silent.length === 0 && problem === null) {
    return null;
  }
  return (
    <section class="milvus-nb-kernels" aria-label={trans.__('Milvus connections of other kernels')}>
      <Section title={trans.__('Other kernels')} count={shown.length}>
        {problem !== null && <FailureAlert failure={problem} />}
        {shown.map(({ kernel, name }) => (
          <OtherKernel peer={kernel} name={name} lab={lab} seen={seen} key={kernel.id} />
        ))}
        {silent.map(({ kernel, name }) => (
          <p class="milvus-nb-silent" key={kernel.id}>
            {trans.__(
              '%1 has not answered for %2. It may be busy.',
              name,
              age((elapsed() - kernel.since) / 1000),
            )}
          </p>
        ))}
      </Section>
    </section>
  );
}

interface OtherProps {
  peer: ConnectedKernel;
  name: string;
  lab: LabActions;
  seen: boolean;
}

function OtherKernel({ peer: { id, session }, name, lab, seen }: OtherProps) {
  // What its cells change is told only where somebody attends.
  useWatch(session.link, seen && session.tree.isOpen);
  const rows = session.store.ownRows();
  return (
    <div class="milvus-nb-kernel" role="group" aria-label={name}>
      <h3 class="milvus-nb-kernel-name">
        <button
          type="button"
          class="milvus-nb-link milvus-nb-data"
          title={trans.__('Open %1', name)}
          onClick={() => lab.open(id)}
        >
          {name}
        </button>
      </h3>
      <Notices
        store={session.store}
        onReconnect={alias => void session.actions.reconnect(alias)}
        onDismiss={notice => session.store.dismiss(notice)}
      />
      <ul class="milvus-nb-kernel-rows">
        {rows.slice(0, LISTED).map(row => (
          <OtherRow row={row} session={session} kernel={id} name={name} key={row.alias} />
        ))}
      </ul>
      {rows.length > LISTED && (
        <p class="milvus-nb-silent">{trans.__('and %1 more', rows.length - LISTED)}</p>
      )}
    </div>
  );
}

/** A connection of another kernel. What asks before it is closed is closed in its notebook. */
function OtherRow({
  row,
  session,
  kernel,
  name,
}: {
  row: Row;
  session: ConnectedKernel['session'];
  /** Its id. */
  kernel: string;
  name: string;
}) {
  const { store, actions, tree } = session;
  const { alias } = row;
  const hands = useContext(HandsContext);
  const text = session.textOf(row);
  const state = [text.word, text.duration || text.facts[0]].filter(Boolean).join(' ');
  const isOpen = tree.of(alias)?.isOpen ?? false;
  const cell = hands === null ? null : cellOf(alias, session, hands);
  return (
    <li
      class="milvus-nb-kernel-row"
      aria-label={alias}
      tabIndex={0}
      onKeyDown={event => onKey(event, isOpen, () => tree.toggle(row))}
    >
      <div class="milvus-nb-row-line">
        <Opener alias={alias} isOpen={isOpen} disabled={false} onClick={() => tree.toggle(row)} />
        <StateMark mark={text.mark} />
        <Name
          name={alias}
          label={row.label}
          color={row.color}
          title={[alias, row.address, state].join('\n')}
          onPress={cell?.press ?? null}
        >
          <span class="milvus-nb-short" aria-hidden="true">
            {text.short}
          </span>
        </Name>
        <p class="milvus-nb-state">
          <span class="milvus-nb-data">{row.address}</span> · {state}
        </p>
        <div class="milvus-nb-buttons">
          {!asksFirst(row) && (
            <Button
              icon
              name={trans.__('Disconnect %1 in %2', alias, name)}
              busy={store.busy.get(alias) === 'disconnect'}
              onClick={() => void actions.disconnect(alias)}
            >
              <DisconnectIcon />
            </Button>
          )}
          <RowMenu
            alias={alias}
            disabled={false}
            items={[
              {
                text: trans.__('Insert code'),
                disabled: !hands?.canInsert(),
                onSelect: () => cell?.insert(),
              },
            ]}
          />
        </div>
      </div>
      {text.failing !== null && (
        <p class="milvus-nb-told">
          <span class="milvus-nb-data">{text.failing.reason}</span>
        </p>
      )}
      <Tree session={session} row={row} kernel={kernel} />
    </li>
  );
}

/** The arrow keys open and close it, and lead into what is in it, as in one's own. */
function onKey(event: KeyboardEvent, isOpen: boolean, toggle: () => void): void {
  const row = event.currentTarget as HTMLElement;
  if (event.target !== row || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const { key } = event;
  if ((key === 'ArrowRight' && !isOpen) || (key === 'ArrowLeft' && isOpen)) {
    event.preventDefault();
    toggle();
  } else if (isOpen && (key === 'ArrowRight' || key === 'ArrowDown')) {
    event.preventDefault();
    row.querySelector<HTMLElement>('[role="treeitem"]')?.focus();
  }
}

function hasSomething({ session: { store } }: ConnectedKernel): boolean {
  return store.ownRows().length > 0 || store.notices.length > 0;
}

function isSilent(kernel: MilvusKernel): boolean {
  return kernel.phase === 'asking' && elapsed() - kernel.since > LONG * 1000;
}

function nameOf(kernels: RunningKernels, id: string): string {
  return kernels.userOf(id).name || trans.__('A kernel without a notebook');
}
