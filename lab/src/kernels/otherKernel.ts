// A kernel that this page has no notebook of: what it has connected is known from the server, and it
// is spoken to only where a click asks something of it.

import type { Kernel } from '@jupyterlab/services';

import type { KernelRecord, Method, Methods, Row } from '../protocol/messages';
import { Actions } from '../state/actions';
import { elapsed } from '../state/clock';
import { rowText, type RowText } from '../state/rowText';
import { Store } from '../state/store';
import { Tree } from '../state/tree';
import { Visits } from './visit';

/** So long a connection that was closed by a click may still be in the kernel's file. */
const CLOSED_MS = 5000;

export class OtherKernel {
  readonly store = new Store();
  readonly actions: Actions;
  readonly tree: Tree;
  private readonly visits: Visits;
  /** What was closed by a click, and until when its file may tell otherwise. */
  private readonly closed = new Map<string, number>();
  private told = '';

  /**
   * @param connect connects this page to the kernel
   * @param isSeen whether somebody sees what is told of it
   * @param done is called when something was done there
   */
  constructor(
    readonly id: string,
    connect: () => Kernel.IKernelConnection,
    isSeen: () => boolean,
    done: () => void,
  ) {
    this.visits = new Visits(connect, () => isSeen() && this.tree.isOpen);
    const { request } = this.visits;
    const act = <M extends Method>(method: M, params: Methods[M]['params']) => {
      const { id, answer } = request(method, params);
      const noted = answer.then(result => {
        this.note(method, params as { alias?: string });
        return result;
      });
      return { id, answer: noted.finally(done) };
    };
    this.actions = new Actions({ request: act }, this.store);
    this.tree = new Tree({ request }, () => {
      this.visits.leave();
      this.store.changed();
    });
  }

  update(record: KernelRecord, now: number | null): void {
    const connected = record.connected.filter(
      ({ alias }) => (this.closed.get(alias) ?? 0) < elapsed(),
    );
    const told = JSON.stringify(connected);
    if (told === this.told) {
      return; // it is looked at each few seconds
    }
    this.told = told;
    const aliases = new Set(connected.map(row => row.alias));
    this.store.event({
      v: 0,
      event: 'rows',
      changed: connected,
      removed: [...this.store.rows.keys()].filter(alias => !aliases.has(alias)),
      current: null,
      now: now ?? Date.now() / 1000,
    });
    this.tree.follow(this.store.rows);
  }

  /** Nobody looks any more: what is told stays, the connection does not. */
  rest(): void {
    this.visits.leave();
  }

  dispose(): void {
    this.tree.dispose();
    this.visits.leave();
  }

  textOf(row: Row): RowText {
    return rowText(row, 'live', this.store.now(), this.store.heartbeat_s, 0);
  }

  private note(method: Method, { alias = '' }: { alias?: string }): void {
    if (method === 'disconnect') {
      this.closed.set(alias, elapsed() + CLOSED_MS);
    } else {
      this.closed.delete(alias);
    }
  }
}
