// The JupyterLab extension: what every plugin shares, then one plugin a place where it is seen, so
// that each can be switched off by itself.

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import {
  ICommandPalette,
  ISessionContextDialogs,
  IToolbarWidgetRegistry,
} from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';
import type { Token } from '@lumino/coreutils';

import { connectionOf, CurrentNotebook, widgetOf } from '../kernels/currentNotebook';
import { RunningKernels } from '../kernels/runningKernels';
import { ServerKernels } from '../kernels/serverKernels';
import { ServerProfiles } from '../kernels/serverProfiles';
import type { LabActions } from '../sidebar/labActions';
import { SIDEBAR_ID, SidebarWidget, unfetched } from '../sidebar/widget';
import { setTranslation, trans } from '../state/i18n';
import { markTrouble } from './badge';
import { addCommands } from './commands';
import { serverFiles } from './files';
import { followSettings } from './followSettings';
import { notebookHands } from './hands';
import { Indicator } from './indicator';
import { notifyOfLosses } from './notifications';
import { RunningConnections, watchWhileShown } from './running';
import { showSavedPanels } from './savedPanel';
import { Settings } from './settings';
import { StatusItem } from './status';
import { IMilvus } from './tokens';

const PLUGIN = 'milvus_nb:plugin';

const service: JupyterFrontEndPlugin<IMilvus> = {
  id: PLUGIN,
  description: 'The Milvus connections of the running kernels.',
  autoStart: true,
  provides: IMilvus,
  optional: [ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
  ): IMilvus => {
    if (translator !== null) {
      setTranslation(translator.load('milvus_nb'));
    }
    const { shell, commands } = app;
    const inPage = (): string[] => kernels.all().map(({ id }) => id);
    const server = new ServerKernels(app.serviceManager.serverSettings, undefined, inPage);
    const kernels: RunningKernels = new RunningKernels(
      app.serviceManager,
      id => connectionOf(shell, id),
      server,
    );
    const notebook = new CurrentNotebook(shell, kernels);
    const settings = new Settings();
    followSettings(settings, kernels, notebook);
    void registry?.load(PLUGIN).then(
      found => settings.follow(found),
      (error: unknown) => console.warn('[milvus_nb] there are no settings', error),
    );
    const open = (kernelId: string): void => {
      const widget = widgetOf(shell, kernelId);
      if (widget !== null) {
        shell.activateById(widget.id);
        return;
      }
      const { type, path } = kernels.userOf(kernelId);
      if (path === '') {
        return; // a kernel that nobody has a notebook of
      }
      void commands.execute(type === 'console' ? 'console:open' : 'docmanager:open', { path });
    };
    const show = (kernelId = notebook.kernel?.id, alias: string | null = null): void => {
      if (kernelId !== undefined && kernelId !== notebook.kernel?.id) {
        open(kernelId);
      }
      shell.activateById(SIDEBAR_ID);
      if (alias !== null) {
        const kernel = kernels.all().find(({ id }) => id === kernelId);
        kernel?.session?.ask({ kind: 'show', alias });
      }
    };
    return { kernels, notebook, settings, open, show };
  },
};

const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'milvus_nb:sidebar',
  description: 'The sidebar, and the commands.',
  autoStart: true,
  requires: [IMilvus],
  optional: [ICommandPalette, ILayoutRestorer, ISessionContextDialogs],
  activate: (
    app: JupyterFrontEnd,
    milvus: IMilvus,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    dialogs: ISessionContextDialogs | null,
  ): void => {
    const { kernels, notebook, open } = milvus;
    const chooseKernel = (): void => {
      if (notebook.context !== null) {
        void dialogs?.selectKernel(notebook.context);
      }
    };
    const restartKernel = (): void => {
      if (notebook.context !== null) {
        void dialogs?.restart(notebook.context);
      }
    };
    const hands = notebookHands(notebook, app.shell);
    const lab: LabActions = {
      chooseKernel: dialogs === null ? null : chooseKernel,
      restartKernel: dialogs === null ? null : restartKernel,
      open,
      hands,
      files: null,
    };
    const profiles = new ServerProfiles(app.serviceManager.serverSettings);
    const widget = new SidebarWidget(kernels, notebook, profiles, lab, trans.__('Milvus'));
    app.shell.add(widget, 'left', { rank: 350, type: 'Milvus' });
    restorer?.add(widget, widget.id);
    const documents = found(
      app,
      async () => (await import('@jupyterlab/docmanager')).IDocumentManager,
    );
    void documents.then(manager => {
      lab.files = manager && serverFiles(manager);
    });
    // Who has connections may want to see them.
    kernels.phaseChanged.connect((_, { phase }) => {
      if (phase === 'present') {
        void app.restored.then(() => widget.load()).catch(unfetched);
      }
    });
    markTrouble(widget, kernels);
    addCommands(app, milvus, palette);
  },
};

/** A service whose package voila lacks: among what is optional it would keep all of ours away. */
async function found<T>(app: JupyterFrontEnd, token: () => Promise<Token<T>>): Promise<T | null> {
  let known: Token<T>;
  try {
    known = await token();
  } catch {
    return null; // no such package
  }
  return app.resolveOptionalService(known);
}

const status: JupyterFrontEndPlugin<void> = {
  id: 'milvus_nb:status',
  description: 'The current connection in the status bar.',
  autoStart: true,
  requires: [IMilvus],
  activate: async (
    app: JupyterFrontEnd,
    { kernels, notebook, settings, show }: IMilvus,
  ): Promise<void> => {
    const bar = await found(app, async () => (await import('@jupyterlab/statusbar')).IStatusBar);
    if (bar !== null) {
      const onClick = (): void => show(undefined, notebook.kernel?.session?.store.current);
      const item = new StatusItem(kernels, notebook, settings, onClick);
      bar.registerStatusItem('milvus_nb:status', {
        item,
        align: 'left',
        rank: 3,
        isActive: () => item.isActive,
        activeStateChanged: item.activeChanged,
      });
    }
  },
};

const running: JupyterFrontEndPlugin<void> = {
  id: 'milvus_nb:running',
  description: 'The connections of all kernels in the Running panel.',
  autoStart: true,
  requires: [IMilvus],
  activate: async (app: JupyterFrontEnd, { kernels, open }: IMilvus): Promise<void> => {
    const managers = await found(
      app,
      async () => (await import('@jupyterlab/running')).IRunningSessionManagers,
    );
    if (managers !== null) {
      const connections = new RunningConnections(kernels, open);
      managers.add(connections);
      void app.restored.then(() => watchWhileShown(app.shell, kernels, connections));
    }
  },
};

const toolbar: JupyterFrontEndPlugin<void> = {
  id: 'milvus_nb:toolbar',
  description: "The current connection in a notebook's toolbar.",
  autoStart: true,
  requires: [IMilvus],
  optional: [IToolbarWidgetRegistry],
  activate: (
    _app: JupyterFrontEnd,
    { kernels, settings, show }: IMilvus,
    registry: IToolbarWidgetRegistry | null,
  ): void => {
    // Where it stands there is in schema/plugin.json, and for users to change.
    registry?.addFactory<NotebookPanel>(
      'Notebook',
      'milvus-connection',
      panel => new Indicator({ panel, kernels, settings, onClick: show }),
    );
  },
};

const notifications: JupyterFrontEndPlugin<void> = {
  id: 'milvus_nb:notifications',
  description: 'A notification of a connection that is lost.',
  autoStart: true,
  requires: [IMilvus],
  activate: (_app: JupyterFrontEnd, { kernels, settings, show }: IMilvus): void =>
    notifyOfLosses(kernels, settings, show),
};

const saved: JupyterFrontEndPlugin<void> = {
  id: 'milvus_nb:saved-panels',
  description: 'What a panel shows in a notebook whose kernel has ended.',
  autoStart: true,
  activate: showSavedPanels,
};

export default [service, sidebar, status, running, toolbar, notifications, saved];
