// One kernel, spoken to beside the notebook that uses it. Not by JupyterLab's comms: those wait for a
// running cell after the page was loaded anew, and a second connection that handles them closes other
// extensions' comms. So the messages are our own, and go to a subshell where there is one.

import { type Kernel, KernelMessage } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { giveUpMaking, oneAtATime, recall, remember } from './subshells';

/** As in milvus_nb/sidebar.py: what its comm is called, and the comm that all pages share. */
const TARGET = 'milvus_nb';
const COMM_ID = 'milvus_nb.sidebar';

/** What is known of a kernel's language and abilities. */
export interface Abilities {
  language: string;
  subshells: boolean;
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

  private subshell: string | null = null;
  private running = '';
  private resets = 0;
  /** What the kernel's present process calls its session; '' as long as it has not said a word. */
  private process = '';
  /** The same of a process that a restart has ended: what it still says does not count. */
  private ended = '';
  /** The kernel is being restarted, since when; null as soon as a process has said a word that counts. */
  private awaitedSince: number | null = null;

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
    return this.subshell !== null;
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
      await this.takeSubshell();
      return (await Promise.race([asked, this.isThere()])) ? 'present' : 'absent';
    }
    return (await asked) ? 'present' : 'absent';
  }

  /** Have a subshell, if the kernel can; until then what is sent waits for a running cell. */
  async takeSubshell(): Promise<void> {
    if (this.abilities?.subshells && this.subshell === null) {
      const { resets } = this;
      const found = await oneAtATime(this.connection.id, () => this.recallOrMake());
      if (resets === this.resets) {
        this.subshell ??= found;
      }
    }
  }

  private async recallOrMake(): Promise<string | null> {
    const { id } = this.connection;
    const known = recall(id);
    if (known !== null) {
      const listed = await this.control<{ subshell_id?: string[] }>('list_subshell_request');
      if (listed.subshell_id?.includes(known)) {
        return known;
      }
    }
    const { subshell_id } = await this.control<{ subshell_id?: string }>('create_subshell_request');
    if (subshell_id === undefined) {
      return null;
    }
    remember(id, subshell_id);
    return subshell_id;
  }

  /** Send milvus_nb a message. */
  send(content: unknown): void {
    const data = { comm_id: COMM_ID, data: content };
    const message = this.message<KernelMessage.IShellMessage>('comm_msg', 'shell', data);
    this.connection.sendShellMessage(message, false).done.catch(gone);
  }

  /** The kernel is being restarted: wait for another process than the present one. */
  awaitStart(): void {
    if (this.awaitedSince === null) {
      this.ended = this.process;
      this.awaitedSince = Date.now();
    }
  }

  /** The restart is over: what runs now counts, be it the process of before. */
  takeAny(): void {
    this.ended = '';
    this.awaitedSince = null;
  }

  /** Forget what was of the process that has ended. */
  reset(): void {
    this.resets++;
    giveUpMaking(this.connection.id);
    this.abilities = null;
    this.subshell = null;
    this.setBusy(null);
  }

  dispose(): void {
    this.connection.anyMessage.disconnect(this.onMessage);
    Signal.clearData(this);
    if (this.owned) {
      this.connection.dispose();
    }
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
    const features = (info as { supported_features?: string[] }).supported_features ?? [];
    return {
      language: info.language_info?.name ?? '',
      subshells: features.includes('kernel subshells'),
    };
  }

  private async control<T>(msgType: string, content: object = {}): Promise<T> {
    const message = this.message<KernelMessage.IControlMessage>(msgType, 'control', content);
    return this.answer(await this.connection.sendControlMessage(message, true).done);
  }

  private async shell<T>(msgType: string, content: object): Promise<T> {
    const message = this.message<KernelMessage.IShellMessage>(msgType, 'shell', content);
    return this.answer(await this.connection.sendShellMessage(message, true).done);
  }

  private answer<T>(reply: KernelMessage.IMessage | undefined): T {
    if (reply === undefined) {
      throw new Error('The kernel has not answered.');
    }
    const { session } = reply.header;
    if (!this.counts(session)) {
      throw new Error('The kernel that has answered is being restarted.');
    }
    this.process = session;
    this.awaitedSince = null;
    return reply.content as T;
  }

  private message<T extends KernelMessage.IMessage>(
    msgType: string,
    channel: 'shell' | 'control',
    content: object,
  ): T {
    const { username, clientId: session } = this.connection;
    // Its types know only some kinds of messages, and not in all versions the subshells.
    const options = { msgType, channel, content, username, session } as never;
    const message = KernelMessage.createMessage(options) as unknown as T;
    return channel === 'shell' && this.subshell !== null
      ? { ...message, header: { ...message.header, subshell_id: this.subshell } }
      : message;
  }

  private readonly onMessage = (_: unknown, args: Kernel.IAnyMessageArgs): void => {
    const message = args.msg;
    const { session, msg_type: type } = message.header;
    if (args.direction !== 'recv' || message.channel !== 'iopub' || !this.counts(session)) {
      return;
    }
    const content = message.content as { comm_id?: string; data?: unknown };
    if (type === 'status') {
      this.onProcess(message.content as Status, session);
      this.onStatus(message.content as Status, message.parent_header as Parent);
    } else if (content.comm_id === COMM_ID && type === 'comm_msg') {
      this.said.emit(content.data);
    } else if (content.comm_id === COMM_ID && type === 'comm_close') {
      this.closed.emit();
    }
  };

  /** Whether what a process says is no last word of one that has ended. */
  private counts(session: string): boolean {
    if (session !== this.ended) {
      return true;
    }
    // Who still speaks so late was not ended: the restart has failed.
    if (this.awaitedSince !== null && Date.now() - this.awaitedSince > ENDS_WITHIN_MS) {
      this.ended = '';
      return true;
    }
    return false;
  }

  private onProcess({ execution_state }: Status, session: string): void {
    // That a process starts may be told after it has already answered, or not at all.
    const starts = execution_state === 'starting' && session !== this.process;
    const runs = execution_state === 'busy' || execution_state === 'idle';
    const isAwaited = this.awaitedSince !== null;
    if (starts || (isAwaited && runs)) {
      // Of one that has not answered yet, this is the first word; the questions go to it.
      const isAnother = isAwaited || this.process !== '';
      this.awaitStart(); // where nobody has announced it
      this.process = session;
      this.awaitedSince = null;
      if (isAnother) {
        this.started.emit();
      }
    }
  }

  // The kernel's status follows its subshells, too; a cell is what the main shell executes.
  private onStatus({ execution_state }: Status, parent: Parent): void {
    if (execution_state === 'busy' && parent.msg_type === 'execute_request') {
      if (!parent.subshell_id) {
        this.running = parent.msg_id ?? '';
        this.setBusy(Date.now());
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

function gone(): void {
  // The kernel is, and with it whoever would have answered.
}
