import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, type ICommandPalette, Notification, showDialog } from '@jupyterlab/apputils';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Row } from '../protocol/messages';
import { disconnectIcon, milvusIcon } from '../sidebar/icon';
import { failureOf } from '../state/failures';
import { trans } from '../state/i18n';
import { asksFirst, isUsedElsewhere } from '../state/origin';
import type { Session } from '../state/session';
import { insertCell, isNotebook } from './hands';
import type { IMilvus } from './tokens';

type Args = ReadonlyPartialJSONObject;

/** What a command takes, as JSON Schema. */
function takes(names: Record<string, string>): { args: ReadonlyJSONObject } {
  const properties: Record<string, ReadonlyJSONObject> = {};
  for (const [name, description] of Object.entries(names)) {
    properties[name] = { type: 'string', description };
  }
  return { args: { type: 'object', properties } };
}

function text(args: Args, name: string): string {
  const given = args[name];
  return typeof given === 'string' ? given : '';
}

/** Add the commands, also to the palette; the menus and shortcuts are in schema/plugin.json. */
export function addCommands(
  app: JupyterFrontEnd,
  { kernels, notebook, show }: IMilvus,
  palette: ICommandPalette | null,
): void {
  const { commands, shell } = app;
  const session = (): Session | null => notebook.kernel?.session ?? null;
  const current = (): string => session()?.store.current ?? '';
  const aliasOf = (args: Args): string => text(args, 'alias') || current();
  /** The connection of an alias, else the current one. */
  const rowOf = async (args: Args): Promise<Row | null> =>
    (await session()?.find(aliasOf(args))) ?? null;
  /** Whether it may be there: of many not each is told. */
  const isThere = (args: Args): boolean => {
    const store = session()?.store;
    const alias = aliasOf(args);
    return store !== undefined && (store.rows.has(alias) || (store.many !== null && alias !== ''));
  };
  const ofAlias = takes({
    alias: trans.__('Which connection; the current one where it is left out.'),
  });
  /** Shown in the list, which then does it. */
  const inList = (kind: 'check' | 'code') => async (args: Args) => {
    const found = session();
    const row = await rowOf(args);
    if (row !== null) {
      show();
      found?.ask({ kind, alias: row.alias });
    }
  };

  commands.addCommand('milvus_nb:show', {
    label: trans.__('Show Milvus Connections'),
    caption: trans.__('Show the sidebar with the connections of the notebook in front.'),
    icon: milvusIcon,
    describedBy: takes({ alias: trans.__('Which connection gets the focus.') }),
    execute: args => show(undefined, text(args, 'alias') || null),
  });

  commands.addCommand('milvus_nb:connect', {
    label: args =>
      text(args, 'address') === ''
        ? trans.__('Connect to Milvus…')
        : trans.__('Connect to %1', text(args, 'address')),
    caption: trans.__('Open the form for a new connection of the notebook in front.'),
    describedBy: takes({
      address: trans.__('Where to; the form asks where it is left out, as for any secret.'),
      alias: trans.__('The name of the connection; default where it is left out.'),
    }),
    isEnabled: () => notebook.kernel !== null,
    execute: async args => {
      const { kernel } = notebook;
      show();
      if (kernel === null || !(await kernel.load()) || kernel.session === null) {
        return; // the sidebar says why
      }
      if (text(args, 'address') === '') {
        kernel.session.ask({ kind: 'connect' });
      } else {
        await connect(kernel.session, text(args, 'address'), text(args, 'alias'));
      }
    },
  });

  commands.addCommand('milvus_nb:use', {
    label: args => trans.__('Make %1 the Current Connection', text(args, 'alias')),
    caption: trans.__('What code uses that names no connection.'),
    describedBy: takes({ alias: trans.__('Which connection.') }),
    isVisible: args => text(args, 'alias') !== '',
    isEnabled: args => text(args, 'alias') !== '' && isThere(args),
    execute: args => session()?.actions.use(text(args, 'alias')),
  });

  commands.addCommand('milvus_nb:check', {
    label: trans.__('Check the Connection (Doctor)'),
    caption: trans.__('Go through all layers of the current connection.'),
    describedBy: ofAlias,
    isEnabled: isThere,
    execute: inList('check'),
  });

  commands.addCommand('milvus_nb:copy-code', {
    label: trans.__('Copy the Connection as Code…'),
    caption: trans.__('The current connection in Python, Node, Go, Java, for a shell.'),
    describedBy: ofAlias,
    isEnabled: isThere,
    execute: inList('code'),
  });

  commands.addCommand('milvus_nb:insert-cell', {
    label: trans.__('Insert a Cell that Connects'),
    caption: trans.__('So that the notebook makes the current connection by itself.'),
    describedBy: ofAlias,
    isEnabled: args => isThere(args) && isNotebook(notebook.current),
    execute: async args => {
      const target = notebook.current;
      const found = session();
      const row = await rowOf(args);
      if (!isNotebook(target) || found === null || row === null) {
        return;
      }
      try {
        const code = await found.actions.cell(row.alias);
        insertCell(target, code); // this one, whichever is in front by now
        shell.activateById(target.id);
      } catch (error) {
        tell(error);
      }
    },
  });

  commands.addCommand('milvus_nb:disconnect', {
    label: args =>
      aliasOf(args) === ''
        ? trans.__('Disconnect from Milvus')
        : trans.__('Disconnect %1 from Milvus', aliasOf(args)),
    caption: trans.__('Close the current connection of the notebook in front.'),
    icon: disconnectIcon,
    describedBy: ofAlias,
    isEnabled: isThere,
    execute: async args => {
      const found = session();
      const row = await rowOf(args);
      if (found === null || row === null) {
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
    describedBy: takes({}),
    isEnabled: () => (session()?.store.count.own ?? 0) > 0,
    execute: async () => {
      const found = session();
      if (found === null) {
        return;
      }
      const rows = found.store.ownRows().filter(row => !isUsedElsewhere(row));
      const guarded = await found.ownRows({ confirm: true });
      if (await areMeant(guarded.filter(row => !isUsedElsewhere(row)))) {
        void found.actions.disconnectAll(rows);
      }
    },
  });

  const ids = commands.listCommands().filter(id => id.startsWith('milvus_nb:'));
  ids.forEach(command => palette?.addItem({ command, category: trans.__('Milvus') }));

  // What is enabled, and what a label names, follows the notebook in front.
  let told = '';
  const follow = (): void => {
    const { kernel } = notebook;
    const now = JSON.stringify([
      kernel?.id,
      notebook.current?.id,
      current(),
      (session()?.store.count.all ?? 0) > 0,
    ]);
    if (now !== told) {
      told = now;
      ids.forEach(id => commands.notifyCommandChanged(id));
    }
  };
  kernels.changed.connect(follow);
  notebook.changed.connect(follow);
}

/** Without a secret: where one is needed, or another connection has the alias, the list says so. */
async function connect(session: Session, address: string, alias: string): Promise<void> {
  const { actions, store } = session;
  try {
    const connected = await actions.open({ address, alias }).answer;
    session.ask({ kind: 'show', alias: connected.alias });
  } catch (error) {
    const failure = failureOf(error);
    store.finish(alias, { kind: 'failed', alias: alias || address, failure });
  }
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
