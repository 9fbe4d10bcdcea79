import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Failure, Row } from '../protocol/messages';
import { elapsed } from '../state/clock';
import { notLoaded, offline, tooOld, undone } from '../state/failures';
import { ignore } from '../state/ignore';
import { Session } from '../state/session';
import type { Wire } from '../state/wire';
import { KernelChannel } from './channel';

/**
 * What is known of a kernel.
 *
 * - `asking`: it has not answered yet
 * - `foreign`: its language is not Python
 * - `absent`: milvus_nb is not loaded there
 * - `loading`: it is being loaded
 * - `missing`: it is not installed in the kernel's environment
 * - `present`: it is loaded, and `session` speaks to it
 * - `restarting`: the kernel is
 * - `dead`: it has ended
 */
export type Phase =
  'asking' | 'foreign' | 'absent' | 'loading' | 'missing' | 'present' | 'restarting' | 'dead';

/** What the button that loads the extension runs in the kernel. */
export const LOAD_CODE = '%load_ext milvus_nb';

/** After loading, milvus_nb says that it is there within so many ms; an older one never does. */
const ANNOUNCES_WITHIN_MS = 3000;

/** A running kernel, and its connections as far as it tells them. */
export class MilvusKernel {
  phase: Phase = 'asking';
  /** Since when, in ms of the page's clock. */
  since = elapsed();
  /** The kernel's connections, while `present`. */
  session: Session | null = null;
  /** What was connected when the kernel was restarted, without any secret. */
  lost: readonly Row[] = [];
  /** Why it could not be loaded. */
  failure: Failure | null = null;
  /** It was loaded, and the user has unloaded it. */
  unloaded = false;

  private readonly channel: KernelChannel;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _phaseChanged = new Signal<this, void>(this);
  private unsubscribe: (() => void) | null = null;
  private asked = 0;
  /** What was lost, and is not wanted back, or is back. */
  private readonly settled = new Set<string>();
  private loadingOnce: Promise<boolean> | null = null;

  /**
   * @param connection the notebook's that is open in this page, or one of our own
   * @param owned whether it is our own
   */
  constructor(connection: Kernel.IKernelConnection, owned: boolean) {
    this.channel = new KernelChannel(connection, owned);
    this.channel.said.connect(this.onSaid);
    this.channel.closed.connect(this.onClosed);
    this.channel.started.connect(this.onStarted);
    this.channel.busyChanged.connect(this.onBusyChanged);
    connection.statusChanged.connect(this.onStatus);
    connection.connectionStatusChanged.connect(this.onConnectionStatus);
    connection.disposed.connect(this.onDisposed);
    void this.ask();
  }

  get id(): string {
    return this.channel.connection.id;
  }

  /** Whether the connection to it is our own. */
  get owned(): boolean {
    return this.channel.owned;
  }

  get language(): string {
    return this.channel.abilities?.language ?? '';
  }

  /** The page has no way to it. */
  get isOffline(): boolean {
    return !this.channel.isConnected;
  }

  /** Since when a cell runs; null where none does. */
  get busySince(): number | null {
    return this.channel.busySince;
  }

  /** What is clicked takes effect while a cell runs. */
  get answersWhileBusy(): boolean {
    return this.channel.answersWhileBusy;
  }

  /** Anything may look different. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get phaseChanged(): ISignal<this, void> {
    return this._phaseChanged;
  }

  /** Load milvus_nb, as a cell would; behind a running cell it waits for that. Whether it worked. */
  load(): Promise<boolean> {
    this.loadingOnce ??= this.doLoad().finally(() => {
      this.loadingOnce = null;
    });
    return this.loadingOnce;
  }

  private async doLoad(): Promise<boolean> {
    await this.left(['asking', 'restarting']); // it was only just opened, or is restarting
    if (this.phase !== 'absent' && this.phase !== 'missing') {
      return this.phase === 'present';
    }
    if (!this.channel.isConnected) {
      this.failure = offline();
      this._changed.emit();
      return false;
    }
    this.failure = null;
    this.setPhase('loading');
    const { connection } = this.channel;
    const options = { code: LOAD_CODE, store_history: false, allow_stdin: false };
    let error: KernelMessage.IReplyErrorContent | null = null;
    try {
      const executed = connection.requestExecute(options).done;
      const reply = await Promise.race([executed, this.left(['loading'])]);
      if (reply === undefined) {
        return this.is('present');
      }
      // A cell before it has failed, and the kernel has dropped what was waiting.
      if (reply.content.status === 'aborted' && this.is('loading')) {
        this.setPhase('absent');
        return false;
      }
      error = reply.content.status === 'error' ? reply.content : null;
    } catch {
      return false; // The kernel was restarted or has ended; its phase says so.
    }
    if (error !== null && this.is('loading')) {
      this.notLoaded(error);
    }
    await this.left(['loading'], ANNOUNCES_WITHIN_MS);
    if (this.is('loading')) {
      this.failure = tooOld();
      this.setPhase('absent');
    }
    return this.is('present');
  }

  /** Wait until it is in none of these phases any more, or so many ms have passed. */
  async left(phases: readonly Phase[], withinMs?: number): Promise<void> {
    if (!phases.includes(this.phase)) {
      return;
    }
    await new Promise<void>(resolve => {
      const look = (): void => {
        if (!phases.includes(this.phase)) {
          done();
        }
      };
      const done = (): void => {
        clearTimeout(timer);
        this.phaseChanged.disconnect(look);
        resolve();
      };
      const timer = withinMs === undefined ? undefined : setTimeout(done, withinMs);
      this.phaseChanged.connect(look);
    });
  }

  /** Give up what was connected before the restart, or one of it. */
  forget(alias?: string): void {
    const aliases = alias === undefined ? this.lost.map(row => row.alias) : [alias];
    aliases.forEach(one => this.settled.add(one));
    this.lost = alias === undefined ? [] : this.lost.filter(row => row.alias !== alias);
    this._changed.emit();
  }

  /** Take in what the kernel's own file says that a restart has closed: this page may be new. */
  recall(rows: readonly Row[]): void {
    if (this.session?.store.many != null) {
      // Of many it is not told here which are back, but in the file it is.
      const still = new Set(rows.map(row => row.alias));
      this.lost = this.lost.filter(row => still.has(row.alias));
    }
    const known = new Set([...this.settled, ...this.lost.map(row => row.alias)]);
    const more = rows.filter(row => !known.has(row.alias) && !this.isBack(row));
    if (more.length > 0) {
      this.lost = [...this.lost, ...more];
      this._changed.emit();
    }
  }

  dispose(): void {
    this.asked++;
    this.endSession();
    const { connection } = this.channel;
    connection.statusChanged.disconnect(this.onStatus);
    connection.connectionStatusChanged.disconnect(this.onConnectionStatus);
    connection.disposed.disconnect(this.onDisposed);
    Signal.clearData(this);
    this.channel.dispose();
  }

  private async ask(): Promise<void> {
    const asked = ++this.asked;
    try {
      const found = await this.channel.find();
      if (asked !== this.asked) {
        return;
      }
      if (found === 'present') {
        this.begin();
      } else if (this.phase !== 'loading') {
        this.endSession();
        this.setPhase(found);
      }
    } catch {
      // Restarted or gone meanwhile: then it is asked again, or its phase says so.
    }
  }

  private begin(): void {
    if (this.session === null) {
      const { channel } = this;
      const { connectionStatusChanged } = channel.connection;
      const wire: Wire = {
        kernel: {
          connectionStatusChanged,
          get connectionStatus() {
            return channel.connection.connectionStatus;
          },
        },
        send: (content, again) => this.channel.send(content, again),
        answersWhileBusy: () => this.channel.answersWhileBusy,
        listen: callback => {
          const onSaid = (_: unknown, content: unknown): void => callback(content);
          this.channel.said.connect(onSaid);
          return () => this.channel.said.disconnect(onSaid);
        },
      };
      this.session = new Session(wire);
      this.unsubscribe = this.session.store.subscribe(this.onStoreChanged);
    }
    this.failure = null;
    this.unloaded = false;
    this.setPhase('present');
  }

  private endSession(): void {
    this.unsubscribe?.();
    this.unsubscribe = null;
    this.session?.dispose();
    this.session = null;
  }

  private readonly onSaid = (): void => {
    // What a process says while it ends is no word of the next one.
    if (this.session === null && this.phase !== 'dead' && this.phase !== 'restarting') {
      this.asked++; // Who speaks is present, whatever the answer to an earlier question.
      this.begin();
    }
  };

  private readonly onClosed = (): void => {
    this.asked++;
    this.endSession();
    this.unloaded = true;
    this.setPhase('absent');
  };

  private readonly onStatus = (_: unknown, status: Kernel.Status): void => {
    if (status === 'restarting' || status === 'autorestarting') {
      this.channel.awaitStart();
      this.onRestarting();
    } else if (status === 'dead' || status === 'terminating') {
      this.onDisposed();
    }
  };

  /** A new process, which nobody may have announced: another page has restarted the kernel. */
  private readonly onStarted = (): void => {
    if (this.session !== null) {
      this.onRestarting();
    }
    this.askAnew();
  };

  private onRestarting(): void {
    if (this.phase === 'restarting') {
      return;
    }
    this.asked++;
    const rows = [...(this.session?.store.rows.values() ?? [])];
    const connected = rows.filter(row => row.own && row.origin === 'milvus_nb');
    const aliases = new Set(connected.map(row => row.alias));
    this.lost = [...this.lost.filter(row => !aliases.has(row.alias)), ...connected];
    this.settled.clear();
    this.failure = null;
    this.endSession();
    this.unloaded = false;
    this.channel.reset();
    this.setPhase('restarting');
  }

  private askAnew(): void {
    this.channel.reset();
    this.setPhase('asking');
    void this.ask();
  }

  private readonly onConnectionStatus = (_: unknown, status: Kernel.ConnectionStatus): void => {
    if (status === 'connected' && this.phase === 'restarting') {
      this.channel.takeAny();
      this.askAnew();
    } else if (status === 'connected' && this.phase === 'loading') {
      this.findLoad().catch(ignore);
    } else if (status === 'connected') {
      void this.ask(); // Something may have been missed.
    }
  };

  /** The line that loads may have been lost, or its answer, with the connection of then. */
  private async findLoad(): Promise<void> {
    const isThere = await this.channel.isThereByNow();
    if (this.is('loading') && isThere) {
      this.begin();
    } else if (this.is('loading')) {
      this.failure = undone();
      this.setPhase('absent');
    }
  }

  private readonly onDisposed = (): void => {
    this.asked++;
    this.endSession();
    this.setPhase('dead');
  };

  private notLoaded(error: KernelMessage.IReplyErrorContent): void {
    const missing = error.ename === 'ModuleNotFoundError' && error.evalue.includes("'milvus_nb'");
    this.failure = missing ? null : notLoaded(LOAD_CODE, `${error.ename}: ${error.evalue}`);
    this.setPhase(missing ? 'missing' : 'absent');
  }

  private is(phase: Phase): boolean {
    return this.phase === phase;
  }

  private setPhase(phase: Phase): void {
    if (phase !== this.phase) {
      this.phase = phase;
      this.since = elapsed();
      this._phaseChanged.emit();
    }
    this._changed.emit();
  }

  /** What cells have connected again need not be offered any more. */
  private readonly onStoreChanged = (): void => {
    const back = this.lost.filter(row => this.isBack(row));
    if (back.length > 0) {
      back.forEach(row => this.settled.add(row.alias));
      this.lost = this.lost.filter(row => !back.includes(row));
    }
    this._changed.emit();
  };

  private isBack({ alias }: Row): boolean {
    const row = this.session?.store.rows.get(alias);
    // An attempt that fails is told as closed, before it is told as gone.
    return row !== undefined && row.state !== 'connecting' && row.state !== 'disconnected';
  }

  private readonly onBusyChanged = (): void => {
    if (this.busySince === null) {
      this.session?.refreshSoon(); // the cell may have connected something
    }
    this._changed.emit();
  };
}
