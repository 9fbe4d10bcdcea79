import type { Kernel, ServiceManager, Session as JupyterSession } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { pageAttention } from '../panel/attention';
import { MilvusKernel } from './kernel';

/** Who uses a kernel: a notebook, a console, or nobody that is known. */
export interface User {
  /** `notebook`, `console`, or "". */
  type: string;
  path: string;
  name: string;
}

/** Nobody looks any more: after so many ms the connections of our own are closed. */
const KEPT_MS = 60_000;

/** The running kernels of this Jupyter server. */
export class KernelHub {
  private readonly kernels = new Map<string, MilvusKernel>();
  /** Those that the server has listed: one that was only just started is not among them yet. */
  private readonly listed = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _phaseChanged = new Signal<this, MilvusKernel>(this);
  private watchers = 0;
  private closing: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param openIn gives the connection of a notebook that is open in this page: what the kernel says
   *   would come twice to a page with two connections to it
   */
  constructor(
    private readonly services: ServiceManager.IManager,
    private readonly openIn: (kernelId: string) => Kernel.IKernelConnection | null,
  ) {
    services.kernels.runningChanged.connect(this.onRunningChanged);
    services.sessions.runningChanged.connect(this.emitChanged);
    pageAttention().subscribe(this.askAnew);
  }

  /** A kernel has come or gone, or anything of one may look different. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get phaseChanged(): ISignal<this, MilvusKernel> {
    return this._phaseChanged;
  }

  /** The kernel of a notebook that is open in this page. */
  of(connection: Kernel.IKernelConnection): MilvusKernel {
    const known = this.kernels.get(connection.id);
    // A console beside its notebook has another connection to the same kernel: one is enough.
    return known !== undefined && !known.owned ? known : this.add(connection, false);
  }

  /** The kernels that are known. */
  all(): MilvusKernel[] {
    return [...this.kernels.values()];
  }

  /** Ask all running kernels, for as long as somebody wants to know. */
  watchAll(): IDisposable {
    this.watchers++;
    clearTimeout(this.closing);
    this.onRunningChanged();
    this.askAnew();
    return new DisposableDelegate(() => {
      this.watchers--;
      if (this.watchers === 0) {
        this.closing = setTimeout(() => this.closeOwned(), KEPT_MS);
      }
    });
  }

  /** Look for kernels that others have started or ended. */
  async refresh(): Promise<void> {
    await Promise.all([
      this.services.kernels.refreshRunning(),
      this.services.sessions.refreshRunning(),
    ]);
  }

  /** The notebook or console of a kernel. */
  userOf(id: string): User {
    for (const session of this.services.sessions.running()) {
      if (session.kernel?.id === id) {
        const { type, path } = session;
        return { type, path, name: nameOf(session) };
      }
    }
    return { type: '', path: '', name: '' };
  }

  private readonly onRunningChanged = (): void => {
    const running = new Map<string, Kernel.IModel>();
    for (const model of this.services.kernels.running()) {
      running.set(model.id, model);
    }
    for (const [id, kernel] of this.kernels) {
      if (!running.has(id) && (this.listed.has(id) || kernel.phase === 'dead')) {
        this.remove(kernel);
        this.listed.delete(id);
      }
    }
    running.forEach((_, id) => this.listed.add(id));
    if (this.watchers > 0) {
      running.forEach(model => this.watch(model));
    }
    this._changed.emit();
  };

  private watch({ id, name }: Kernel.IModel): void {
    if (!this.kernels.has(id)) {
      const model = { id, name };
      const open = this.openIn(id);
      this.add(
        open ?? this.services.kernels.connectTo({ model, handleComms: false }),
        open === null,
      );
    }
  }

  private add(connection: Kernel.IKernelConnection, owned: boolean): MilvusKernel {
    const before = this.kernels.get(connection.id);
    const kernel = new MilvusKernel(connection, owned);
    if (before !== undefined) {
      kernel.lost = before.lost;
      kernel.unloaded = before.unloaded;
      this.remove(before);
    }
    this.kernels.set(connection.id, kernel);
    kernel.changed.connect(this.emitChanged);
    kernel.phaseChanged.connect(() => this._phaseChanged.emit(kernel));
    connection.disposed.connect(() => this.onDisposed(kernel));
    return kernel;
  }

  private remove(kernel: MilvusKernel): void {
    this.kernels.delete(kernel.id);
    kernel.dispose();
  }

  /** The notebook was closed; its kernel may go on. */
  private onDisposed(kernel: MilvusKernel): void {
    if (this.kernels.get(kernel.id) === kernel && !kernel.owned) {
      this.remove(kernel);
      this.onRunningChanged();
    }
  }

  private closeOwned(): void {
    for (const kernel of this.all()) {
      if (kernel.owned) {
        this.remove(kernel);
      }
    }
    this._changed.emit();
  }

  /** Kernels tell of changes only where somebody attends: the others are asked when one looks. */
  private readonly askAnew = (): void => {
    if (this.watchers > 0 && pageAttention().isThere) {
      this.kernels.forEach(kernel => kernel.session?.refreshSoon());
    }
  };

  private readonly emitChanged = (): void => this._changed.emit();
}

function nameOf({ path, name }: JupyterSession.IModel): string {
  return name || path.slice(path.lastIndexOf('/') + 1);
}
