import {
  type Event,
  type Failure,
  type Hello,
  LOOKS,
  type Method,
  type Methods,
  PROTOCOL,
  type Stage,
} from '../protocol/messages';
import { parse } from '../protocol/validate';
import type { Attention } from './attention';
import { elapsed } from './clock';
import { failureOf, gone, mismatch, offline, RequestError } from './failures';
import { ignore } from './ignore';
import { type Message, Questions, VALID_MS } from './questions';
import type { KernelSignals, Wire } from './wire';

/**
 * How things stand between the page and the kernel.
 *
 * - `opening`: the first question is not answered yet
 * - `live`: the kernel was heard within the last heartbeats
 * - `silent`: it was not; what is shown may be out of date
 * - `offline`: the same, and it is not the kernel's fault: the network or the server is away
 * - `resting`: nobody attends, so it is not asked and says nothing; what is shown is of then
 * - `restarting`: the kernel is being restarted
 * - `restarted`, `ended`: this panel's kernel is gone for good, and its connections with it
 */
export type LinkStatus =
  'opening' | 'live' | 'silent' | 'offline' | 'resting' | 'restarting' | 'restarted' | 'ended';

export interface Listener {
  hello(hello: Hello): void;
  /** The kernel's side could not even answer the first question. */
  refused(failure: Failure): void;
  event(event: Event): void;
  status(status: LinkStatus): void;
}

/** After so many words that are due and do not come the kernel counts as silent. */
const SILENT_AFTER = 2.5;
const CHECK_EVERY_MS = 1000;
/** How long a question for everything may stay open before it is asked once more; then doubled. */
const ASK_AGAIN_FIRST_MS = 200;
const ASK_AGAIN_MOST_MS = 30_000;
/**
 * For how long the kernel is to tell what changes, in seconds, and how often that is said again: while
 * a cell runs often enough for the subshell to be kept, see kernels/subshell.ts.
 */
const STAYS_S = 20;
const STAY_EVERY_MS = 6000;
/** Whoever does something from afar hears what comes of it for so many seconds. */
const OUTCOME_S = 15;
/** What is asked by itself, and not because the user has done something. */
const BY_ITSELF = new Set<Method>([
  'hello',
  'list',
  'look',
  'leave',
  'forget',
  'pace',
  'importable',
]);

/** Questions, answers and events over one comm, and whether the other end is still there. */
export class Link {
  status: LinkStatus = 'opening';
  /** When the kernel was last heard, in ms of the page's clock. */
  heardAt = elapsed();
  /** When it last told how the connections are. */
  toldAt = elapsed();
  /** How often the kernel says that it lives. */
  private tick_s = 5;
  /** What the kernel's clock showed when the page's began, in seconds. */
  private clock_s: number | null = null;

  private readonly questions = new Questions(
    message => this.transmit(message, true),
    method => !this.isOffline && (this.attends || !BY_ITSELF.has(method)),
  );
  // Every page of a notebook hears the answers to all of them: a random start keeps their ids apart.
  private nextId = Math.floor(Math.random() * 2 ** 32) * 2 ** 20;
  /** Names this page to the kernel. */
  private readonly page = Math.random().toString(36).slice(2);
  private viewers = 0;
  private attends = false;
  private attendedAt = 0;
  /** When the kernel was last told that we attend, in ms; null where it was told that we do not. */
  private stayedAt: number | null = null;
  private isStaying = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly unattend: () => void;
  private readonly kernel: KernelSignals | null;
  private readonly unlisten: () => void;
  private readonly unwatch: (() => void) | undefined;
  private askAgain: ReturnType<typeof setTimeout> | null = null;
  /** What is asked again until it is answered has one answer: later ones tell what is known. */
  private round = 0;
  private isDisposed = false;

  constructor(
    private readonly wire: Wire,
    private readonly listener: Listener,
    private readonly attention: Attention,
  ) {
    this.kernel = wire.kernel;
    this.unlisten = wire.listen(this.onMessage);
    this.unwatch = wire.onClosed?.(this.onClosed);
    this.kernel?.statusChanged?.connect(this.onKernelStatus);
    this.kernel?.connectionStatusChanged?.connect(this.onConnectionStatus);
    this.kernel?.disposed?.connect(this.onKernelDisposed);
    this.unattend = attention.subscribe(this.attend);
  }

  /** Whether this kernel will never answer again. */
  get isGone(): boolean {
    return isFinal(this.status);
  }

  /** Somebody sees what the kernel tells, until what is returned is called. */
  watch(): () => void {
    this.viewers++;
    queueMicrotask(this.attend); // one view may go as another comes
    return () => {
      this.viewers--;
      queueMicrotask(this.attend);
    };
  }

  /** Bring up to date what nobody attends to. */
  refresh(): void {
    if (!this.attends) {
      this.probe();
    }
  }

  private get isUnheard(): boolean {
    return this.status === 'silent' || this.status === 'offline';
  }

  /** What is sent now would arrive when the network is back, and surprise. */
  get isOffline(): boolean {
    return (this.kernel?.connectionStatus ?? 'connected') !== 'connected';
  }

  /** Why nothing can be asked just now; null where it can. */
  get refusal(): Failure | null {
    if (this.isGone || this.status === 'restarting') {
      return gone();
    }
    return this.isOffline ? offline() : null;
  }

  /** Ask the kernel. `id` names the request, for its stages and to cancel it. */
  request<M extends Method>(
    method: M,
    params: Methods[M]['params'],
    onStages?: (stages: Stage[]) => void,
  ): { id: number; answer: Promise<Methods[M]['result']> } {
    const id = this.nextId++;
    const answer = new Promise<Methods[M]['result']>((resolve, reject) => {
      const { refusal } = this;
      if (refusal !== null) {
        reject(new RequestError(refusal));
        return;
      }
      const stays_s = this.stays(method);
      const until = this.until(method);
      const message = { v: PROTOCOL, id, method, params, page: this.page, stays_s, ...until };
      this.questions.add(message, { resolve, reject, onStages });
      this.transmit(message, false);
    });
    return { id, answer };
  }

  private transmit(message: Message, again: boolean): void {
    try {
      this.wire.send(message, again);
    } catch {
      this.setStatus('ended');
    }
  }

  /** From when on a click is not to be done any more; unless cells keep it waiting as well. */
  private until(method: Method): Pick<Message, 'until'> {
    if (LOOKS.has(method) || BY_ITSELF.has(method) || !this.wire.answersWhileBusy?.()) {
      return {};
    }
    return this.clock_s === null ? {} : { until: this.clock_s + (elapsed() + VALID_MS) / 1000 };
  }

  dispose(): void {
    this.isDisposed = true;
    this.unattend();
    clearInterval(this.timer);
    this.stopAsking();
    this.unlisten();
    this.unwatch?.();
    this.kernel?.statusChanged?.disconnect(this.onKernelStatus);
    this.kernel?.connectionStatusChanged?.disconnect(this.onConnectionStatus);
    this.kernel?.disposed?.disconnect(this.onKernelDisposed);
    this.questions.fail(gone());
  }

  /** Ask for everything: at the start, and again whenever something may have been missed. */
  probe(): void {
    // As soon as there is a connection, it is asked anyway.
    if (this.askAgain === null && !this.isOffline) {
      this.ask(ASK_AGAIN_FIRST_MS);
    }
  }

  // What is sent before JupyterLab has started a subshell for the comm waits for the running cell
  // to end, and what is sent while the connection is lost may be lost too. So: ask once more.
  private ask(again_ms: number): void {
    this.askAgain = setTimeout(() => {
      if (this.attends || again_ms < ASK_AGAIN_MOST_MS) {
        this.ask(Math.min(2 * again_ms, ASK_AGAIN_MOST_MS));
      } else {
        this.askAgain = null; // nobody waits for it
      }
    }, again_ms);
    const { round } = this;
    this.request('hello', {}).answer.then(
      hello => {
        if (round !== this.round) {
          return;
        }
        this.stopAsking();
        this.isStaying = false;
        this.toldAt = elapsed();
        this.tick_s = hello.tick_s ?? hello.heartbeat_s;
        this.setClock(hello.now);
        this.listener.hello(hello);
        this.setStatus(this.attends ? 'live' : 'resting');
      },
      (error: unknown) => {
        if (this.isOffline || round !== this.round) {
          return; // It is asked when there is a connection again, or was answered.
        }
        this.stopAsking();
        if (this.status === 'opening') {
          this.listener.refused(failureOf(error));
        }
      },
    );
  }

  private stopAsking(): void {
    clearTimeout(this.askAgain ?? undefined);
    this.askAgain = null;
    this.round++;
  }

  private readonly onMessage = (content: unknown): void => {
    const message = parse(content);
    if (message === null) {
      console.warn('[milvus_nb] what the kernel said was not understood');
      return;
    }
    if (message.kind === 'version') {
      this.stopAsking();
      this.listener.refused(mismatch(message.v));
      return;
    }
    this.heardAt = elapsed();
    if (this.isUnheard && this.attends) {
      this.setStatus('live');
      this.probe(); // Something may have been missed.
    }
    if (message.kind === 'reply') {
      this.questions.answer(message.id, message.error, message.result);
    } else if (message.event.event === 'stage') {
      this.questions.showStages(message.event.request, message.event.stages);
    } else if (message.event.event === 'taken') {
      this.questions.take(message.event.request);
    } else {
      if (message.event.event === 'tick') {
        this.toldAt = elapsed();
        this.tick_s = message.event.tick_s ?? message.event.heartbeat_s;
        this.setClock(message.event.now);
      }
      this.listener.event(message.event);
    }
  };

  private setClock(now_s: number): void {
    this.clock_s = now_s - elapsed() / 1000;
  }

  /** Begin or end to have the kernel tell what changes. */
  private readonly attend = (): void => {
    const attends = this.viewers > 0 && this.attention.isThere;
    if (attends === this.attends || this.isDisposed || this.isGone) {
      return;
    }
    this.attends = attends;
    clearInterval(this.timer);
    if (attends) {
      this.attendedAt = elapsed();
      this.timer = setInterval(this.check, CHECK_EVERY_MS);
      this.stopAsking();
      this.probe();
      this.questions.askAgain();
      return;
    }
    if (this.status === 'live' || this.isUnheard) {
      this.stopAsking();
      this.setStatus('resting');
    }
    if (this.stayedAt !== null) {
      this.stayedAt = null;
      this.request('leave', {}).answer.catch(ignore);
    }
  };

  /** For how long the kernel is to tell what changes after a request, in seconds. */
  private stays(method: Method): number {
    if (this.attends) {
      this.stayedAt = elapsed();
      return STAYS_S;
    }
    return BY_ITSELF.has(method) ? 0 : OUTCOME_S;
  }

  private stay(): void {
    this.isStaying = true;
    const { answer } = this.request('look', {});
    answer
      .then(({ missed }) => {
        if (missed) {
          this.probe();
        }
      }, ignore)
      .finally(() => {
        this.isStaying = false;
      });
  }

  private readonly check = (): void => {
    const since = elapsed() - (this.stayedAt ?? 0);
    if (this.status === 'live' && !this.isStaying && since >= STAY_EVERY_MS) {
      this.stay();
    }
    const silence = elapsed() - Math.max(this.heardAt, this.attendedAt);
    const expects = this.status === 'live' || this.status === 'resting';
    if (expects && silence > this.tick_s * SILENT_AFTER * 1000) {
      this.setStatus(this.isOffline ? 'offline' : 'silent');
    }
    if (this.isUnheard) {
      this.probe();
    }
  };

  private readonly onClosed = (): void => {
    if (this.status !== 'restarting') {
      this.setStatus('restarted');
    }
  };

  private readonly onKernelStatus = (_: unknown, status: string): void => {
    if (status === 'restarting' || status === 'autorestarting') {
      this.setStatus('restarting');
    } else if (status === 'dead' || status === 'terminating') {
      this.setStatus('ended');
    } else if (this.status === 'restarting' && (status === 'idle' || status === 'busy')) {
      this.setStatus('restarted');
    }
  };

  private readonly onConnectionStatus = (_: unknown, status: string): void => {
    if (this.isGone || this.status === 'restarting') {
      return;
    }
    if (status === 'connected') {
      this.stopAsking(); // What was asked before may have been lost.
      this.isStaying = false;
      if (this.status === 'offline') {
        this.setStatus('silent'); // until it answers
      }
      if (this.attends || this.status === 'opening') {
        this.probe();
      }
      this.questions.askAgain();
    } else if (this.status === 'live' || this.status === 'silent') {
      this.setStatus('offline');
    }
  };

  private readonly onKernelDisposed = (): void => this.setStatus('ended');

  private setStatus(status: LinkStatus): void {
    if (status === this.status || this.isGone) {
      return;
    }
    this.status = status;
    if (isFinal(status) || status === 'restarting') {
      this.questions.fail(gone());
    }
    this.listener.status(status);
  }
}

function isFinal(status: LinkStatus): boolean {
  return status === 'restarted' || status === 'ended';
}
