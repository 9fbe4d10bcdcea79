import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';

/** The settings of this extension, as schema/plugin.json has them. */
export class Settings {
  readonly changed = new Signal<this, void>(this);
  private settings: ISettingRegistry.ISettings | null = null;

  follow(settings: ISettingRegistry.ISettings): void {
    this.settings = settings;
    settings.changed.connect(() => this.changed.emit());
    this.changed.emit();
  }

  /** Load milvus_nb in each notebook that is opened. */
  get autoload(): boolean {
    return this.settings?.composite.autoload === true;
  }

  /** Show the current connection in the status bar. */
  get statusBar(): boolean {
    return this.settings?.composite.statusBar !== false;
  }

  /** Show it in the toolbar of each notebook, too. */
  get notebookToolbar(): boolean {
    return this.settings?.composite.notebookToolbar !== false;
  }

  /** Tell where a connection is lost. */
  get notifications(): boolean {
    return this.settings?.composite.notifications !== false;
  }

  /** Seconds between two probes; null where the user leaves it to the kernel. */
  get heartbeat(): number | null {
    const seconds = this.settings?.user.heartbeat;
    return typeof seconds === 'number' ? seconds : null;
  }
}
