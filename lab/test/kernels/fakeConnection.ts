import { Signal } from '@lumino/signaling';

import { PROTOCOL } from '../../src/protocol/messages';
import { REFUSED } from '../rows';

const COMM_ID = 'milvus_nb.sidebar';

export interface Sent {
  header: { msg_type: string; msg_id: string; subshell_id?: string | null };
  content: Content;
}
interface Content {
  data?: { id: number; method: string; params: object };
  code?: string;
}

/** The kernel's end of a page's connection, with the answers that a test wants. */
export class FakeConnection {
  id = 'k';
  clientId = 'c';
  username = '';
  connectionStatus = 'connected';
  isDisposed = false;
  readonly statusChanged = new Signal<this, string>(this);
  readonly connectionStatusChanged = new Signal<this, string>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly anyMessage = new Signal<this, unknown>(this);
  readonly sent: Sent[] = [];
  /** Those that a shell has got, be it the main one or a subshell. */
  readonly arrived: Sent[] = [];
  /** What is sent to a subshell that does not run is lost, as in a real kernel. */
  loses = false;
  /** Whether milvus_nb is loaded in the process that runs. */
  loaded = false;
  process = 'p1';
  language = 'python';
  subshells = true;
  /** A cell runs: what goes to the main shell is not answered. */
  busy = false;
  executed: object = { status: 'ok' };
  info: Promise<unknown> = new Promise<never>(() => {});
  /** The subshells that run, of those that were made. */
  readonly running = new Set<string>();
  private made = 0;
  /** What is asked on the control channel is answered after this. */
  gate: Promise<unknown> = Promise.resolve();

  sendControlMessage(message: Sent): { done: Promise<unknown> } {
    this.sent.push(message);
    const answers: Record<string, object> = {
      kernel_info_request: {
        language_info: { name: this.language },
        supported_features: this.subshells ? ['kernel subshells'] : [],
      },
      list_subshell_request: { subshell_id: [...this.running] },
    };
    if (message.header.msg_type === 'create_subshell_request') {
      const made = `s${++this.made}`;
      this.running.add(made);
      answers.create_subshell_request = { subshell_id: made };
    } else if (message.header.msg_type === 'delete_subshell_request') {
      this.running.delete((message.content as { subshell_id: string }).subshell_id);
    }
    const reply = this.reply(answers[message.header.msg_type] ?? {});
    const later = new Promise(resolve => setImmediate(() => resolve(reply)));
    return { done: this.gate.then(() => later) };
  }

  sendShellMessage(message: Sent): { done: Promise<unknown> } {
    this.sent.push(message);
    if (this.busy && !message.header.subshell_id) {
      return { done: new Promise(() => {}) };
    }
    const { subshell_id: subshell } = message.header;
    if (this.loses && subshell && !this.running.has(subshell)) {
      return { done: new Promise(() => {}) };
    }
    this.arrived.push(message);
    const comms = this.loaded ? { [COMM_ID]: {} } : {};
    const { data } = message.content;
    if (data?.method === 'connect') {
      queueMicrotask(() => this.answerConnect(data.id, data.params as { alias: string }));
    }
    return { done: Promise.resolve(this.reply({ comms })) };
  }

  requestExecute(content: Content): { done: Promise<unknown> } {
    this.sent.push({ header: { msg_type: 'execute_request', msg_id: 'x' }, content });
    if ((this.executed as { status: string }).status === 'ok') {
      this.loaded = true;
      this.say({ v: PROTOCOL, event: 'here', milvus_nb: '0.1.0' });
    }
    return { done: Promise.resolve(this.reply(this.executed)) };
  }

  answerConnect(id: number, { alias }: { alias: string }): void {
    const answer = alias === 'refused' ? { error: REFUSED } : { result: { alias } };
    this.say({ v: PROTOCOL, id, ...answer });
  }

  dispose(): void {
    this.isDisposed = true;
  }

  say(data: object): void {
    this.hear('iopub', 'comm_msg', { comm_id: COMM_ID, data });
  }

  status(execution_state: string, parent: object = {}): void {
    this.hear('iopub', 'status', { execution_state }, parent);
  }

  restart(): void {
    this.statusChanged.emit('restarting');
    this.process += '+';
    this.loaded = false;
    this.status('idle');
  }

  /** Whatever message, on whichever channel. */
  hear(channel: string, msg_type: string, content: object = {}, parent_header: object = {}): void {
    const header = { msg_type, session: this.process };
    const msg = { channel, header, parent_header, content };
    this.anyMessage.emit({ msg, direction: 'recv' });
  }

  private reply(content: object): object {
    return { header: { session: this.process }, content };
  }
}

export async function settle(): Promise<void> {
  for (let n = 0; n < 5; n++) {
    await new Promise(resolve => setImmediate(resolve));
  }
}
