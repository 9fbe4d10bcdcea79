// A kernel that this page has no notebook of: what it has connected is known from the server, and it
// is spoken to for as long as a click takes.

import type { Kernel } from '@jupyterlab/services';

import type { Failure, KernelRecord, Method, Methods, Row } from '../protocol/messages';
import { Actions } from '../state/actions';
import { elapsed } from '../state/clock';
import { RequestError } from '../state/failures';
import { trans } from '../state/i18n';
import { rowText, type RowText } from '../state/rowText';
import { Store } from '../state/store';
import { MilvusKernel } from './kernel';

/** A kernel that does not answer within so many ms is given up. */
const ANSWERS_WITHIN_MS = 10_000;

/** So long a connection that was closed by a click may still be in the kernel's file. */
const CLOSED_MS = 5000;

export class OtherKernel {
  readonly store = new Store();
  readonly actions: Actions;
  /** What was closed by a click, and until when its file may tell otherwise. */
  private readonly closed = new Map<string, number>();
  private told = '';

  /**
   * @param connect connects this page to the kernel
   * @param done is called when something was asked of it
   */
  constructor(
    readonly id: string,
    private readonly connect: () => Kernel.IKernelConnection,
    done: () => void,
  ) {
    const request = <M extends Method>(method: M, params: Methods[M]['params']) => ({
      id: 0, // What it names could only be asked of the same visit.
      answer: this.visit(method, params).finally(done),
    });
    this.actions = new Actions({ request }, this.store);
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

  private async visit<M extends Method>(
    method: M,
    params: Methods[M]['params'],
  ): Promise<Methods[M]['result']> {
    const kernel = new MilvusKernel(this.connect(), true);
    try {
      await answered(kernel);
      if (kernel.session === null) {
        throw new RequestError(unanswered());
      }
      const result = await kernel.session.link.request(method, params).answer;
      this.note(method, params as { alias?: string });
      return result;
    } finally {
      kernel.dispose();
    }
  }
}

async function answered(kernel: MilvusKernel): Promise<void> {
  if (kernel.phase !== 'asking') {
    return;
  }
  await new Promise<void>(resolve => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ANSWERS_WITHIN_MS);
    kernel.phaseChanged.connect(done);
  });
}

function unanswered(): Failure {
  return {
    what: trans.__('The kernel has not answered. Nothing was done.'),
    reason: trans.__('It has ended, or runs a cell.'),
    fix: trans.__('Open its notebook to see.'),
    cause: '',
    evidence: '',
  };
}
