import type { Kernel, ServiceManager, Session as JupyterSession } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Failure } from '../protocol/messages';
import { pageAttention } from '../state/attention';
import { ignore } from '../state/ignore';
import type { Link } from '../state/link';
import type { Session } from '../state/session';
import { MilvusKernel } from './kernel';
import { OtherKernel } from './otherKernel';
import type { ServerKernels } from './serverKernels';

/** Who uses a kernel: a notebook, a console, or nobody that is known. */
export interface User {
  /** `notebook`, `console`, or "". */
  type: string;
  path: string;
  name: string;
}

/** A kernel's connections, and what can be done with them. */
export interface ConnectedKernel {
  id: string;
  session: Pick<Session, 'store' | 'actions' | 'textOf' | 'tree'> & {
    /** Missing where the page has no notebook of it: it is spoken to only to ask something. */
    link?: Link;
  };
}

/** The running kernels of this Jupyter server. */
export class RunningKernels {
  /** Those of the notebooks that are open in this page. */
  private readonly kernels = new Map<string, MilvusKernel>();
  /** The others, as far as they have connections. */
  private readonly others = new Map<string, OtherKernel>();
  /** Those that the server has listed: one that was only just started is not among them yet. */
  private readonly listed = new Set<string>();
  /** Of whom it was asked who they are. */
  private readonly asked = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _phaseChanged = new Signal<this, MilvusKernel>(this);
  private watchers = 0;

  /**
   * @param openIn gives the connection of a notebook that is open in this page: what the kernel says
   *   would come twice to a page with two connections to it
   * @param server tells of all kernels
   */
  constructor(
    private readonly services: ServiceManager.IManager,
    private readonly openIn: (kernelId: string) => Kernel.IKernelConnection | null,
    private readonly server: ServerKernels,
  ) {
    services.kernels.runningChanged.connect(this.onRunningChanged);
    services.sessions.runningChanged.connect(this.onRunningChanged);
    server.changed.connect(this.onRecords);
    pageAttention().subscribe(this.askAnew);
  }

  /** A kernel has come or gone, or anything of one may look different. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get phaseChanged(): ISignal<this, MilvusKernel> {
    return this._phaseChanged;
  }

  /** Why it is not known what other kernels have connected. */
  get problem(): Failure | null {
    return this.server.problem;
  }

  /** The kernel of a notebook that is open in this page. */
  of(connection: Kernel.IKernelConnection): MilvusKernel {
    // A console beside its notebook has another connection to the same kernel: one is enough.
    return this.kernels.get(connection.id) ?? this.add(connection);
  }

  /** The kernels of the notebooks that are open in this page. */
  all(): MilvusKernel[] {
    return [...this.kernels.values()];
  }

  /** All kernels that have connections. */
  connected(): ConnectedKernel[] {
    const here = this.all().flatMap(({ id, session }) =>
      session === null ? [] : [{ id, session }],
    );
    const there = [...this.others.values()].map(session => ({ id: session.id, session }));
    return [...here, ...there];
  }

  /** Know of all running kernels, for as long as somebody wants to. */
  watchAll(): IDisposable {
    this.watchers++;
    this.server.watch();
    this.onRunningChanged();
    this.askAnew();
    return new DisposableDelegate(() => {
      this.watchers--;
      if (this.watchers === 0) {
        this.server.unwatch();
        this.others.forEach(other => other.rest());
      }
    });
  }

  /** Look for kernels that others have started or ended. */
  async refresh(): Promise<void> {
    this.server.refresh();
    this.connected().forEach(({ session }) => session.tree.look());
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
    const running = this.running();
    for (const [id, kernel] of this.kernels) {
      if (!running.has(id) && (this.listed.has(id) || kernel.phase === 'dead')) {
        this.remove(kernel);
        this.listed.delete(id);
      }
    }
    for (const id of running.keys()) {
      this.listed.add(id);
      const open = this.watchers > 0 && !this.kernels.has(id) ? this.openIn(id) : null;
      if (open !== null) {
        this.add(open);
      }
    }
    this.server.refresh();
    this.onRecords();
  };

  private running(): Map<string, Kernel.IModel> {
    return new Map([...this.services.kernels.running()].map(model => [model.id, model]));
  }

  private readonly onRecords = (): void => {
    const running = this.running();
    const there = new Set<string>();
    for (const record of this.server.records) {
      const { id } = record;
      const kernel = this.kernels.get(id);
      if (kernel !== undefined) {
        kernel.recall(record.lost);
      } else if (running.has(id)) {
        there.add(id);
        this.other(id).update(record, this.server.now);
      } else if (!this.asked.has(id)) {
        this.asked.add(id);
        void this.refresh().catch(ignore);
      }
    }
    for (const [id, other] of this.others) {
      if (there.has(id)) {
        continue;
      }
      if (running.has(id) && other.store.notices.length > 0) {
        other.update({ id, connected: [], lost: [] }, this.server.now);
      } else {
        this.forget(id);
      }
    }
    this._changed.emit();
  };

  private other(id: string): OtherKernel {
    let found = this.others.get(id);
    if (found === undefined) {
      const connect = (): Kernel.IKernelConnection => {
        const model = { id, name: this.running().get(id)?.name ?? '' };
        return this.services.kernels.connectTo({ model, handleComms: false });
      };
      const isSeen = (): boolean => this.watchers > 0;
      found = new OtherKernel(id, connect, isSeen, () => this.server.refresh());
      found.store.subscribe(this.emitChanged);
      this.others.set(id, found);
    }
    return found;
  }

  private forget(id: string): void {
    this.others.get(id)?.dispose();
    this.others.delete(id);
  }

  private add(connection: Kernel.IKernelConnection): MilvusKernel {
    const kernel = new MilvusKernel(connection, false);
    this.kernels.set(connection.id, kernel);
    this.forget(connection.id);
    kernel.changed.connect(this.emitChanged);
    kernel.phaseChanged.connect(() => this._phaseChanged.emit(kernel));
    connection.disposed.connect(() => this.onDisposed(kernel));
    this.onRecords(); // what a restart has closed
    return kernel;
  }

  private remove(kernel: MilvusKernel): void {
    this.kernels.delete(kernel.id);
    kernel.dispose();
    // It may have ended, or go on without a notebook: the server knows.
    this.server.drop(kernel.id);
  }

  /** The notebook was closed; its kernel may go on. */
  private onDisposed(kernel: MilvusKernel): void {
    if (this.kernels.get(kernel.id) === kernel) {
      this.remove(kernel);
      this.onRunningChanged();
    }
  }

  /** Kernels tell of changes only where somebody attends: the others are asked when one looks. */
  private readonly askAnew = (): void => {
    if (this.watchers > 0 && pageAttention().isThere) {
      this.kernels.forEach(kernel => kernel.session?.refreshSoon());
      this.server.refresh();
    }
  };

  private readonly emitChanged = (): void => this._changed.emit();
}

function nameOf({ path, name }: JupyterSession.IModel): string {
  return name || path.slice(path.lastIndexOf('/') + 1);
}
