import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IRunningSessions } from '@jupyterlab/running';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import { type Message, MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { RunningKernels, ConnectedKernel } from '../kernels/runningKernels';
import type { Row } from '../protocol/messages';
import { disconnectIcon, milvusIcon } from '../sidebar/icon';
import { everySecond } from '../state/clock';
import { trans } from '../state/i18n';
import { asksFirst, isUsedElsewhere } from '../state/origin';
import { isInTrouble } from '../state/store';

/** Of many connections of a kernel, those that are told; and how many more there are. */
interface More {
  kernelId: string;
  user: string;
  count: number;
}

interface Connection {
  kernelId: string;
  session: ConnectedKernel['session'];
  row: Row;
  user: string;
}

/** The section of the Running panel. */
export class RunningConnections implements IRunningSessions.IManager {
  readonly name = trans.__('Milvus');
  readonly shutdownLabel = trans.__('Disconnect');
  readonly shutdownItemIcon = disconnectIcon;
  // Beside the "Shut Down All" of kernels and terminals, and as short.
  readonly shutdownAllLabel = trans.__('Disconnect Milvus');
  readonly shutdownAllConfirmationText = trans.__(
    'The connections of all notebooks and consoles are closed. Their kernels keep running.',
  );
  readonly runningChanged = new Signal<this, void>(this);
  /** Whether the panel is in sight: else nothing is drawn, and there may be thousands. */
  isShown = true;
  private told = '';

  constructor(
    private readonly kernels: RunningKernels,
    private readonly open: (kernelId: string) => void,
  ) {
    kernels.changed.connect(this.check, this);
  }

  running(): IRunningSessions.IRunningItem[] {
    return this.connections()
      .map(({ kernelId, session, row, user }) => ({
        open: () => this.open(kernelId),
        // What other code uses, or a profile guards, is closed in its notebook, which asks first.
        ...(asksFirst(row) ? {} : { shutdown: () => void session.actions.disconnect(row.alias) }),
        icon: (): LabIcon => milvusIcon,
        label: () => [row.alias, row.label].filter(Boolean).join(' · '),
        labelTitle: () => [user, row.address, row.reason].filter(Boolean).join('\n'),
        detail: () => [session.textOf(row).word, user].filter(Boolean).join(' · '),
        className: 'milvus-nb-running',
      }))
      .concat(
        this.more().map(({ kernelId, user, count }) => ({
          open: () => this.open(kernelId),
          icon: (): LabIcon => milvusIcon,
          label: () =>
            trans._n(
              '%2 more connection',
              '%2 more connections',
              count,
              count.toLocaleString('en'),
            ),
          labelTitle: () => user,
          detail: () => user,
          className: 'milvus-nb-running',
        })),
      );
  }

  shutdownAll(): void {
    for (const { session } of this.kernels.connected()) {
      // JupyterLab has asked already; but what other code uses is closed in its notebook.
      const rows = session.store.ownRows().filter(row => !isUsedElsewhere(row));
      void session.actions.disconnectAll(rows);
    }
  }

  refreshRunning(): void {
    void this.kernels.refresh();
  }

  private connections(): Connection[] {
    return this.kernels.connected().flatMap(({ id, session }) =>
      listed(session).map(row => {
        const user = this.kernels.userOf(id).name;
        return { kernelId: id, session, row, user };
      }),
    );
  }

  private more(): More[] {
    return this.kernels.connected().flatMap(({ id, session }) => {
      const count = session.store.count.own - listed(session).length;
      return count > 0 ? [{ kernelId: id, user: this.kernels.userOf(id).name, count }] : [];
    });
  }

  /** Have the section drawn anew where it shows something else: they tell of each heartbeat. */
  readonly check = (): void => {
    if (!this.isShown) {
      return;
    }
    const told = JSON.stringify(
      this.kernels.connected().map(({ id, session }) => {
        const [first] = session.store.rows.values();
        // Of how long ago it is, if it is of now, is the same for all.
        const word = first === undefined ? '' : session.textOf(first).word;
        return [id, session.store.revision, word, this.kernels.userOf(id).name];
      }),
    );
    if (told !== this.told) {
      this.told = told;
      this.runningChanged.emit();
    }
  };
}

/** Of many the current one and those in trouble: the panel draws all that it is given. */
function listed({ store }: ConnectedKernel['session']): Row[] {
  const own = store.ownRows();
  return store.many === null
    ? own
    : own.filter(row => row.alias === store.current || isInTrouble(row));
}

/** JupyterLab's Running panel, and that of Notebook. */
const PANELS = ['jp-running-sessions', 'jp-running-sessions-tree'];

/** Ask all kernels for as long as the Running panel is in sight. */
export function watchWhileShown(
  shell: JupyterFrontEnd.IShell,
  kernels: RunningKernels,
  connections: RunningConnections,
): void {
  for (const area of ['left', 'right', 'main']) {
    for (const widget of shell.widgets(area)) {
      const panel = find(widget);
      if (panel !== null) {
        watch(panel, kernels, connections);
      }
    }
  }
}

function find(widget: Widget): Widget | null {
  if (PANELS.includes(widget.id)) {
    return widget;
  }
  for (const child of widget.children()) {
    const found = find(child);
    if (found !== null) {
      return found;
    }
  }
  return null;
}

function watch(panel: Widget, kernels: RunningKernels, connections: RunningConnections): void {
  let watching: IDisposable | null = null;
  let stop: (() => void) | null = null;
  const look = (): void => {
    connections.isShown = panel.isVisible;
    if (panel.isVisible) {
      watching ??= kernels.watchAll();
      stop ??= everySecond(connections.check);
      connections.check();
    } else {
      watching?.dispose();
      stop?.();
      watching = stop = null;
    }
  };
  look();
  MessageLoop.installMessageHook(panel, (_, message: Message) => {
    if (message.type === 'after-show' || message.type === 'after-hide') {
      queueMicrotask(look); // when the panel knows it, too
    }
    return true;
  });
}
