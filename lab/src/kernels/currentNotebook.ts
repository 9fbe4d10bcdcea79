import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { RunningKernels } from './runningKernels';
import type { MilvusKernel } from './kernel';

/** A notebook, a console, or whatever else has a session of its own. */
type SessionWidget = Widget & { sessionContext: ISessionContext };

/** The notebook or console in front, and its kernel. It stays while something without a kernel is. */
export class CurrentNotebook {
  private widget: SessionWidget | null = null;
  private readonly hadKernel = new WeakSet<ISessionContext>();
  private readonly _changed = new Signal<this, void>(this);

  constructor(
    private readonly shell: JupyterFrontEnd.IShell,
    private readonly kernels: RunningKernels,
  ) {
    shell.currentChanged?.connect(this.onCurrentChanged);
    this.onCurrentChanged();
  }

  /** Another notebook or console is in front, it has another kernel or another name. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get current(): Widget | null {
    return this.widget;
  }

  get context(): ISessionContext | null {
    return this.widget?.sessionContext ?? null;
  }

  get name(): string {
    return this.context?.name || this.context?.path || '';
  }

  /** Whether a kernel is being started for it. */
  get isStarting(): boolean {
    const { context } = this;
    // After a shutdown JupyterLab says so, too.
    return context !== null && !context.isReady && !this.hadKernel.has(context);
  }

  /** Its kernel; null where it has none, or it is not known yet. */
  get kernel(): MilvusKernel | null {
    const kernel = this.context?.session?.kernel ?? null;
    if (kernel === null || kernel.isDisposed) {
      return null;
    }
    if (this.context !== null) {
      this.hadKernel.add(this.context);
    }
    return this.kernels.of(kernel);
  }

  private readonly onCurrentChanged = (): void => {
    const current = (this.shell.currentWidget as Widget | null | undefined) ?? null; // voila's
    if (current !== null && current !== this.widget && hasSession(current)) {
      this.follow(current);
    }
  };

  private follow(next: SessionWidget | null): void {
    const before = this.widget;
    before?.disposed.disconnect(this.onDisposed);
    before?.sessionContext.kernelChanged.disconnect(this.emitChanged);
    before?.sessionContext.statusChanged.disconnect(this.emitChanged);
    before?.sessionContext.propertyChanged.disconnect(this.emitChanged);
    this.widget = next;
    next?.disposed.connect(this.onDisposed);
    next?.sessionContext.kernelChanged.connect(this.emitChanged);
    next?.sessionContext.statusChanged.connect(this.emitChanged);
    next?.sessionContext.propertyChanged.connect(this.emitChanged);
    this._changed.emit();
  }

  private readonly onDisposed = (): void => {
    this.follow(null);
    this.onCurrentChanged();
  };

  private readonly emitChanged = (): void => this._changed.emit();
}

/** The notebook or console of a kernel, if it is open in this page. */
export function widgetOf(shell: JupyterFrontEnd.IShell, kernelId: string): SessionWidget | null {
  for (const widget of shell.widgets('main')) {
    if (hasSession(widget) && widget.sessionContext.session?.kernel?.id === kernelId) {
      return widget;
    }
  }
  return null;
}

/** The connection to a kernel that a notebook or console of this page has. */
export function connectionOf(
  shell: JupyterFrontEnd.IShell,
  kernelId: string,
): Kernel.IKernelConnection | null {
  const kernel = widgetOf(shell, kernelId)?.sessionContext.session?.kernel ?? null;
  return kernel === null || kernel.isDisposed ? null : kernel;
}

/** Whether it is a notebook, a console, or what else has a session of its own. */
export function hasSession(widget: Widget): widget is SessionWidget {
  const context = (widget as { sessionContext?: object }).sessionContext;
  return context !== undefined && 'kernelChanged' in context;
}
