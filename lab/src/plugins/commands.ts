import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, type ICommandPalette, Notification, showDialog } from '@jupyterlab/apputils';

import type { Row } from '../protocol/messages';
import { SIDEBAR_ID } from '../sidebar/widget';
import { failureOf } from '../state/failures';
import { trans } from '../state/i18n';
import { asksFirst, isUsedElsewhere } from '../state/origin';
import type { Session } from '../state/session';
import { insertCell, isNotebook } from './hands';
import type { IMilvus } from './tokens';

export const SHOW = 'milvus_nb:show';

/** What a command takes: nothing, it goes by what is in front. */
const NO_ARGS = { args: { type: 'object', properties: {} } } as const;

/** Add the commands, also to the palette; the menu is in schema/plugin.json. */
export function addCommands(
  app: JupyterFrontEnd,
  { hub, front }: IMilvus,
  palette: ICommandPalette | null,
): void {
  const { commands, shell } = app;
  const session = (): Session | null => front.kernel?.session ?? null;
  const current = (): string | null => session()?.store.current ?? null;
  const show = (): void => shell.activateById(SIDEBAR_ID);

  commands.addCommand(SHOW, {
    label: trans.__('Show Milvus Connections'),
    caption: trans.__('Show the sidebar with the connections of the notebook in front.'),
    describedBy: NO_ARGS,
    execute: show,
  });

  commands.addCommand('milvus_nb:connect', {
    label: trans.__('Connect to Milvus…'),
    caption: trans.__('Open the form for a new connection of the notebook in front.'),
    describedBy: NO_ARGS,
    isEnabled: () => front.kernel !== null,
    execute: async () => {
      const { kernel } = front;
      show();
      if (await kernel?.load()) {
        kernel?.session?.ask({ kind: 'connect' });
      }
    },
  });

  commands.addCommand('milvus_nb:check', {
    label: trans.__('Check the Connection (Doctor)'),
    caption: trans.__('Go through all layers of the current connection.'),
    describedBy: NO_ARGS,
    isEnabled: () => current() !== null,
    execute: () => {
      show();
      session()?.ask({ kind: 'check', alias: current() ?? '' });
    },
  });

  commands.addCommand('milvus_nb:copy-code', {
    label: trans.__('Copy the Connection as Code…'),
    caption: trans.__('The current connection in Python, Node, Go, Java, for a shell.'),
    describedBy: NO_ARGS,
    isEnabled: () => current() !== null,
    execute: () => {
      show();
      session()?.ask({ kind: 'code', alias: current() ?? '' });
    },
  });

  commands.addCommand('milvus_nb:insert-cell', {
    label: trans.__('Insert a Cell that Connects'),
    caption: trans.__('So that the notebook makes the current connection by itself.'),
    describedBy: NO_ARGS,
    isEnabled: () => current() !== null && isNotebook(front.current),
    execute: async () => {
      const notebook = front.current;
      const found = session();
      const alias = current();
      if (!isNotebook(notebook) || found === null || alias === null) {
        return;
      }
      try {
        const text = await found.actions.cell(alias);
        insertCell(notebook, text); // this one, whichever is in front by now
        shell.activateById(notebook.id);
      } catch (error) {
        tell(error);
      }
    },
  });

  commands.addCommand('milvus_nb:disconnect', {
    label: () => {
      const alias = current();
      return alias === null
        ? trans.__('Disconnect from Milvus')
        : trans.__('Disconnect %1 from Milvus', alias);
    },
    caption: trans.__('Close the current connection of the notebook in front.'),
    describedBy: NO_ARGS,
    isEnabled: () => current() !== null,
    execute: async () => {
      const found = session();
      const row = found?.store.rows.get(current() ?? '');
      if (found === null || row === undefined) {
        return;
      }
      if (asksFirst(row)) {
        show();
        found.ask({ kind: 'disconnect', alias: row.alias });
      } else {
        await found.actions.disconnect(row.alias);
      }
    },
  });

  commands.addCommand('milvus_nb:disconnect-all', {
    label: trans.__('Disconnect All from Milvus'),
    caption: trans.__('Close all connections of the notebook in front.'),
    describedBy: NO_ARGS,
    isEnabled: () => (session()?.store.ownRows().length ?? 0) > 0,
    execute: async () => {
      const found = session();
      const rows = found?.store.ownRows().filter(row => !isUsedElsewhere(row)) ?? [];
      if (!(await areMeant(rows.filter(row => row.confirm)))) {
        return;
      }
      rows.forEach(({ alias }) => void found?.actions.disconnect(alias));
    },
  });

  const ids = commands.listCommands().filter(id => id.startsWith('milvus_nb:'));
  ids.forEach(command => palette?.addItem({ command, category: trans.__('Milvus') }));

  // What is enabled, and what a label names, follows the notebook in front.
  let told = '';
  const follow = (): void => {
    const now = JSON.stringify([front.kernel?.id, front.current?.id, current()]);
    if (now !== told) {
      told = now;
      ids.forEach(id => commands.notifyCommandChanged(id));
    }
  };
  hub.changed.connect(follow);
  front.changed.connect(follow);
}

/** Whether those whose profile wants to be asked about are to be disconnected, too. */
async function areMeant(rows: Row[]): Promise<boolean> {
  if (rows.length === 0) {
    return true;
  }
  const names = rows.map(({ alias, label }) => (label === '' ? alias : `${alias} (${label})`));
  const { button } = await showDialog({
    title: trans.__('Disconnect all?'),
    body: trans.__('Among them: %1.', names.join(', ')),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Disconnect all') })],
  });
  return button.accept;
}

function tell(error: unknown): void {
  const { what, reason, fix } = failureOf(error);
  Notification.error([what, reason, fix].filter(Boolean).join(' '));
}
