// The JupyterLab extension: what every plugin shares, then one plugin a place where it is seen, so
// that each can be switched off by itself.

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, ISessionContextDialogs } from '@jupyterlab/apputils';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';

import { connectionOf, CurrentNotebook, widgetOf } from '../kernels/currentNotebook';
import { RunningKernels } from '../kernels/runningKernels';
import { ServerKernels } from '../kernels/serverKernels';
import { ServerProfiles } from '../kernels/serverProfiles';
import { SidebarWidget } from '../sidebar/widget';
import { setTranslation, trans } from '../state/i18n';
import { addCommands, SHOW } from './commands';
import { followSettings } from './followSettings';
import { notebookHands } from './hands';
import { RunningConnections, watchWhileShown } from './running';
import { Settings } from './settings';
import { StatusItem } from './status';
import { IMilvus } from './tokens';

const PLUGIN = 'milvus_nb:plugin';

const kernels: JupyterFrontEndPlugin<IMilvus> = {
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
    const server = new ServerKernels(app.serviceManager.serverSettings);
    const hub = new RunningKernels(app.serviceManager, id => connectionOf(shell, id), server);
    const front = new CurrentNotebook(shell, hub);
    const settings = new Settings();
    followSettings(settings, hub, front);
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
      const { type, path } = hub.userOf(kernelId);
      if (path === '') {
        return; // a kernel that nobody has a notebook of
      }
      void commands.execute(type === 'console' ? 'console:open' : 'docmanager:open', { path });
    };
    return { hub, front, settings, open };
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
    const { hub, front, open } = milvus;
    const chooseKernel = (): void => {
      if (front.context !== null) {
        void dialogs?.selectKernel(front.context);
      }
    };
    const hands = notebookHands(front, app.shell);
    const doors = { chooseKernel: dialogs === null ? null : chooseKernel, open, hands };
    const profiles = new ServerProfiles(app.serviceManager.serverSettings);
    const widget = new SidebarWidget(hub, front, profiles, doors, trans.__('Milvus'));
    app.shell.add(widget, 'left', { rank: 350, type: 'Milvus' });
    restorer?.add(widget, widget.id);
    void app.restored.then(() => widget.load());
    addCommands(app, milvus, palette);
  },
};

const status: JupyterFrontEndPlugin<void> = {
  id: 'milvus_nb:status',
  description: 'The current connection in the status bar.',
  autoStart: true,
  requires: [IMilvus],
  optional: [IStatusBar],
  activate: (
    { commands }: JupyterFrontEnd,
    { hub, front, settings }: IMilvus,
    bar: IStatusBar | null,
  ): void => {
    if (bar !== null) {
      const item = new StatusItem(hub, front, settings, () => void commands.execute(SHOW));
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
  optional: [IRunningSessionManagers],
  activate: (
    app: JupyterFrontEnd,
    { hub, open }: IMilvus,
    managers: IRunningSessionManagers | null,
  ): void => {
    if (managers !== null) {
      const connections = new RunningConnections(hub, open);
      managers.add(connections);
      void app.restored.then(() => watchWhileShown(app.shell, hub, connections));
    }
  },
};

export default [kernels, sidebar, status, running];
