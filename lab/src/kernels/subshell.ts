// A subshell of a kernel: what is sent there is handled while a cell runs. It is a thread of the
// kernel, so it is made when it is needed, and the kernel's side ends it when no page uses it.

import { elapsed } from '../state/clock';
import { ignore } from '../state/ignore';

/** As in milvus_nb/page/subshells.py, which ends one that was not used for 10 s: a page counts less. */
const KEPT_MS = 5000;
/** So long it may be asked whether it still runs. */
const MAY_RUN_MS = 8000;
/**
 * It is ended so long after its last answer. The kernel is not quite done when it answers; ended at
 * once, asyncio would write "Task was destroyed but it is pending" into the user's cell.
 */
const DONE_MS = 1000;
/** Who does not say for so long that it was made is not waited for. */
const MADE_WITHIN_MS = 5000;

type Ask = (msgType: string, content?: object) => Promise<{ subshell_id?: string | string[] }>;

export class Subshell {
  private id: string | null = null;
  private usedAt = 0;
  private isMine = false;
  private taking: Promise<void> | null = null;
  private resets = 0;
  /** Those that this page ends in a moment. */
  private readonly ending = new Map<string, ReturnType<typeof setTimeout>>();

  /** @param ask asks something on the kernel's control channel */
  constructor(private readonly ask: Ask) {}

  /** Its id, for as long as it can be relied upon. */
  get current(): string | null {
    return elapsed() - this.usedAt < KEPT_MS ? this.id : null;
  }

  /** One is being made. */
  get isTaken(): boolean {
    return this.taking !== null;
  }

  /**
   * Have one; whoever wants it meanwhile gets the same. Where none can be made there is none.
   *
   * Rejects when the kernel is restarted meanwhile.
   */
  take(): Promise<void> {
    if (this.current !== null) {
      return Promise.resolve();
    }
    if (this.taking === null) {
      const taking = this.make().finally(() => {
        if (this.taking === taking) {
          this.taking = null;
        }
      });
      this.taking = taking;
    }
    return this.taking;
  }

  /** Something was sent there. */
  used(): void {
    this.usedAt = elapsed();
  }

  /** The kernel's side says which one all pages share. */
  share(id: string): void {
    if (id !== this.id) {
      this.drop();
      this.id = id;
      this.isMine = this.ending.has(id);
      clearTimeout(this.ending.get(id));
      this.ending.delete(id);
    }
    this.used();
  }

  /** It may not run any more: ask before it is used again. */
  doubt(): void {
    this.usedAt = Math.min(this.usedAt, elapsed() - KEPT_MS);
  }

  /** End it, if this page has made it. */
  drop(): void {
    const { id } = this;
    if (id !== null && this.isMine) {
      this.end(id);
    }
    this.id = null;
  }

  private end(id: string): void {
    const timer = setTimeout(() => {
      this.ending.delete(id);
      this.ask('delete_subshell_request', { subshell_id: id }).catch(ignore);
    }, DONE_MS);
    this.ending.set(id, timer);
  }

  /** It has ended, as its process has, or will be ended by the kernel's side. */
  forget(): void {
    this.resets++;
    this.id = null;
    this.taking = null;
  }

  private async make(): Promise<void> {
    const { resets, id } = this;
    if (id !== null && elapsed() - this.usedAt < MAY_RUN_MS) {
      const running = await this.within('list_subshell_request');
      if (resets === this.resets && running?.includes(id)) {
        this.used();
        return;
      }
    }
    const made = await this.within('create_subshell_request');
    if (resets !== this.resets) {
      throw new Error('The kernel was restarted meanwhile.');
    }
    this.id = typeof made === 'string' ? made : null;
    this.isMine = true;
    this.used();
  }

  /** Ask, and wait for as long as one waits after a click; one that is made later is ended. */
  private async within(msgType: string): Promise<string | string[] | undefined> {
    let isLate = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<undefined>(resolve => {
      timer = setTimeout(() => {
        isLate = true;
        resolve(undefined);
      }, MADE_WITHIN_MS);
    });
    const answer = this.ask(msgType).then(
      ({ subshell_id: found }) => {
        if (isLate && typeof found === 'string') {
          this.end(found);
        }
        return found;
      },
      () => undefined,
    );
    try {
      return await Promise.race([answer, patience]);
    } finally {
      clearTimeout(timer);
    }
  }
}
