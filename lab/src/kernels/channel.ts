// One kernel, spoken to beside the notebook that uses it. Not by JupyterLab's comms: those wait for a
// running cell after the page was loaded anew, and a second connection that handles them closes other
// extensions' comms. So the messages are our own, and go to a subshell where there is one.

import { type Kernel, KernelMessage } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { elapsed } from '../state/clock';
import { ignore } from '../state/ignore';
import { Subshell } from './subshell';

/** As in milvus_nb/page/sidebar.py: what its comm is called, and the comm that all pages share. */
const TARGET = 'milvus_nb';
const COMM_ID = 'milvus_nb.sidebar';

/** What is known of a kernel's language and abilities. */
export interface Abilities {
  language: string;
  subshells: boolean;
}

interface Info {
  language_info?: { name?: string };
  supported_features?: string[];
}

interface Status {
  execution_state: Kernel.Status;
}

interface Parent {
  msg_id?: string;
  msg_type?: string;
  subshell_id?: string | null;
}

/** A kernel that does not answer within so many ms runs a cell; then it is asked on a subshell. */
const IDLE_ANSWERS_WITHIN_MS = 250;

/** Jupyter's servers kill the process of a kernel that has not ended within 5 s. */
const ENDS_WITHIN_MS = 8000;

/** Without a word for so long after something was sent, it is asked who is there. */
const DOUBT_AFTER_MS = 1000;

/** What may wait for a running cell. */
const MAY_WAIT = new Set(['hello', 'list', 'look', 'leave', 'pace', 'outcome']);

export class KernelChannel {
  /** Messages of milvus_nb. */
  readonly said = new Signal<this, unknown>(this);
  /** milvus_nb was unloaded. */
  readonly closed = new Signal<this, void>(this);
  /** A new process of the kernel runs. */
  readonly started = new Signal<this, void>(this);
  /** Whether a cell runs, since when. */
  readonly busyChanged = new Signal<this, void>(this);

  abilities: Abilities | null = null;
  /** Since when a cell runs, in ms of the page's clock; null where none does. */
  busySince: number | null = null;

  private readonly subshell = new Subshell((type, content) => this.control(type, content));
  private running = '';
  /** What the kernel's present process calls its session; '' as long as it has not said a word. */
  private process = '';
  /** The same of processes that have ended: what they still say does not count. */
  private readonly ended = new Set<string>();
  /** The kernel is being restarted, since when; null as soon as a process has said a word that counts. */
  private awaitedSince: number | null = null;
  /** Whether milvus_nb has said something since a message was sent to it. */
  private isAnswered = true;
  private doubting: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param owned whether the connection is ours, and ends with the channel
   */
  constructor(
    readonly connection: Kernel.IKernelConnection,
    readonly owned: boolean,
  ) {
    connection.anyMessage.connect(this.onMessage);
  }

  /** The kernel handles what is sent even while a cell runs. */
  get answersWhileBusy(): boolean {
    return this.abilities?.subshells ?? false;
  }

  /** What is sent arrives now, and not at some later time when the network is back. */
  get isConnected(): boolean {
    return this.connection.connectionStatus === 'connected';
  }

  /**
   * Find out what the kernel is and whether milvus_nb is loaded there.
   *
   * Rejects when the kernel is restarted or gone meanwhile. A kernel without subshells answers
   * only after the running cell.
   */
  async find(): Promise<'foreign' | 'absent' | 'present'> {
    this.abilities = await this.ask();
    if (this.abilities.language !== 'python') {
      return 'foreign';
    }
    const asked = this.isThere();
    if (this.abilities.subshells && (await isSlow(asked))) {
      await this.subshell.take();
      if (await Promise.race([asked, this.isThere()])) {
        return 'present';
      }
      this.subshell.drop(); // there is nobody in the kernel who would end it
      return 'absent';
    }
    return (await asked) ? 'present' : 'absent';
  }

  /**
   * Send milvus_nb a message: what was clicked, so that it is done while a cell runs.
   *
   * @param again it was sent before and may be lost, with the subshell that was to handle it
   */
  send(content: unknown, again = false): void {
    if (again) {
      this.subshell.doubt();
    }
    const isLast = (content as { method?: string }).method === 'leave'; // the page may be closing
    if (isLast) {
      this.post(content, false); // who comes back at once would need a subshell for it
    } else if (
      this.subshell.isTaken ||
      (this.wantsSubshell(content) && this.subshell.current === null)
    ) {
      // One after the other, as they were sent.
      this.subshell.take().then(() => this.post(content), ignore); // it was restarted
    } else {
      this.post(content);
    }
  }

  private wantsSubshell(content: unknown): boolean {
    const { method } = content as { method?: string };
    const isUrgent = this.busySince !== null || !this.isAnswered || !MAY_WAIT.has(method ?? '');
    return isUrgent && this.answersWhileBusy;
  }

  private post(content: unknown, isAwaited = true): void {
    this.isAnswered &&= !isAwaited;
    const data = { comm_id: COMM_ID, data: content };
    const message = this.message('comm_msg', 'shell', data) as KernelMessage.IShellMessage;
    this.connection.sendShellMessage(message, false).done.catch(ignore);
    this.doubting ??= setTimeout(() => void this.ask().catch(ignore), DOUBT_AFTER_MS);
  }

  /** The kernel is being restarted: wait for another process than the present one. */
  awaitStart(): void {
    if (this.awaitedSince === null) {
      if (this.process !== '') {
        this.ended.add(this.process);
      }
      this.awaitedSince = elapsed();
    }
  }

  /** The restart is over: what runs now counts, be it the process of before. */
  takeAny(): void {
    this.ended.clear();
    this.awaitedSince = null;
  }

  /** Forget what was of the process that has ended. */
  reset(): void {
    this.stopDoubting();
    this.isAnswered = true;
    this.abilities = null;
    this.subshell.forget();
    this.setBusy(null);
  }

  dispose(): void {
    this.stopDoubting();
    this.connection.anyMessage.disconnect(this.onMessage);
    Signal.clearData(this);
    if (this.owned) {
      this.connection.dispose();
    }
  }

  /** Whether it is loaded when the main shell has handled all that was sent there. */
  isThereByNow(): Promise<boolean> {
    this.subshell.doubt();
    return this.isThere();
  }

  /** Whether milvus_nb is loaded in the kernel. */
  private async isThere(): Promise<boolean> {
    const content = { target_name: TARGET };
    const { comms } = await this.shell<{ comms?: object }>('comm_info_request', content);
    return COMM_ID in (comms ?? {});
  }

  /** The kernel's own word, by whichever of its channels it comes first. */
  private async ask(): Promise<Abilities> {
    const info = await Promise.any([
      this.control<KernelMessage.IInfoReply>('kernel_info_request'),
      this.connection.info,
    ]);
    // A kernel may leave out what JupyterLab's types promise.
    const { language_info: language, supported_features: features } = info as Info;
    return {
      language: language?.name ?? '',
      subshells: features?.includes('kernel subshells') ?? false,
    };
  }

  private async control<T>(msgType: string, content: object = {}): Promise<T> {
    const message = this.message(msgType, 'control', content) as KernelMessage.IControlMessage;
    return this.answer(await this.connection.sendControlMessage(message, true).done) as T;
  }

  private async shell<T>(msgType: string, content: object): Promise<T> {
    const message = this.message(msgType, 'shell', content) as KernelMessage.IShellMessage;
    return this.answer(await this.connection.sendShellMessage(message, true).done) as T;
  }

  private answer(reply: KernelMessage.IMessage | undefined): unknown {
    if (reply === undefined) {
      throw new Error('The kernel has not answered.');
    }
    const { session } = reply.header;
    if (!this.counts(session)) {
      throw new Error('The kernel that has answered is being restarted.');
    }
    this.hear(session);
    return reply.content;
  }

  private message(
    msgType: string,
    channel: 'shell' | 'control',
    content: object,
  ): KernelMessage.IMessage {
    const { username, clientId: session } = this.connection;
    // Its types know only some kinds of messages, and not in all versions the subshells.
    const options = { msgType, channel, content, username, session };
    const message: KernelMessage.IMessage = KernelMessage.createMessage(options as never);
    const subshell = channel === 'shell' ? this.subshell.current : null;
    if (subshell === null) {
      return message;
    }
    this.subshell.used();
    const header = { ...message.header, subshell_id: subshell };
    return { ...message, header };
  }

  private readonly onMessage = (_: unknown, args: Kernel.IAnyMessageArgs): void => {
    const message = args.msg;
    const { session, msg_type: type } = message.header;
    if (args.direction !== 'recv' || !this.counts(session)) {
      return;
    }
    this.stopDoubting();
    this.hear(session);
    if (message.channel !== 'iopub') {
      return;
    }
    const content = message.content as { comm_id?: string; data?: unknown };
    if (type === 'status') {
      this.onStatus(message.content as Status, message.parent_header);
    } else if (content.comm_id === COMM_ID && type === 'comm_msg') {
      this.onSaid(content.data);
    } else if (content.comm_id === COMM_ID && type === 'comm_close') {
      this.onGone();
    }
  };

  private onSaid(data: unknown): void {
    this.isAnswered = true;
    const { event, id } = (data ?? {}) as { event?: unknown; id?: unknown };
    if (event === 'gone') {
      this.onGone(); // and no word more: who speaks is taken for present
      return;
    }
    if (event === 'subshell' && typeof id === 'string') {
      this.subshell.share(id);
    }
    this.said.emit(data);
  }

  private onGone(): void {
    this.subshell.forget();
    this.closed.emit();
  }

  /** Whether what a process says is no last word of one that has ended. */
  private counts(session: string): boolean {
    if (!this.ended.has(session)) {
      return true;
    }
    // Who still speaks so late was not ended: the restart has failed.
    if (this.awaitedSince !== null && elapsed() - this.awaitedSince > ENDS_WITHIN_MS) {
      this.ended.delete(session);
      return true;
    }
    return false;
  }

  /**
   * A process has said a word: another one than before was started, whoever has done that.
   *
   * That it starts may be told late, or not at all; every message says who sent it.
   */
  private hear(session: string): void {
    const isAwaited = this.awaitedSince !== null;
    // The Jupyter server's own words have the page's session, as have those of some languages.
    const isKernels = session !== '' && session !== this.connection.clientId;
    const isKnown = session === this.process || this.isForeign;
    if (!isKernels || (isKnown && !isAwaited)) {
      return;
    }
    const isAnother = isAwaited || this.process !== '';
    this.awaitStart(); // where nobody has announced it
    this.ended.delete(session);
    this.process = session;
    this.awaitedSince = null;
    if (isAnother) {
      this.started.emit();
    }
  }

  private get isForeign(): boolean {
    return this.abilities !== null && this.abilities.language !== 'python';
  }

  private stopDoubting(): void {
    clearTimeout(this.doubting);
    this.doubting = undefined;
  }

  // The kernel's status follows its subshells, too; a cell is what the main shell executes.
  private onStatus({ execution_state }: Status, parent: Parent): void {
    if (execution_state === 'busy' && parent.msg_type === 'execute_request') {
      if (!parent.subshell_id) {
        this.running = parent.msg_id ?? '';
        this.setBusy(elapsed());
      }
    } else if (execution_state === 'idle' && parent.msg_id === this.running) {
      this.setBusy(null);
    }
  }

  private setBusy(since: number | null): void {
    if (since !== this.busySince) {
      this.busySince = since;
      this.busyChanged.emit();
    }
  }
}

async function isSlow(answer: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<true>(resolve => {
    timer = setTimeout(() => resolve(true), IDLE_ANSWERS_WITHIN_MS);
  });
  try {
    return await Promise.race([answer.then(() => false), patience]);
  } finally {
    clearTimeout(timer);
  }
}
