import type { Event, Failure, Hello, Row } from '../protocol/messages';
import { Actions } from './actions';
import { type Attention, pageAttention } from './attention';
import { elapsed } from './clock';
import { Link, type LinkStatus } from './link';
import { rowText, type RowText } from './rowText';
import { Store } from './store';
import { Tree } from './tree';
import type { Wire } from './wire';

/** What a command outside of the panel asks of one of its rows. */
export interface RowWish {
  kind: 'show' | 'check' | 'code' | 'disconnect';
  alias: string;
}

/** What one asks of the panel. */
export type Wish = { kind: 'connect' } | { kind: 'filter' } | RowWish;

/** What may have changed is asked for once in so many ms. */
const REFRESH_WITHIN_MS = 500;

/** What all views of one kernel's connections share: one comm, one store, one set of actions. */
export class Session {
  readonly store = new Store();
  readonly link: Link;
  readonly actions: Actions;
  readonly tree: Tree;
  private wish: Wish | null = null;
  private refreshing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    wire: Wire,
    private readonly attention: Attention = pageAttention(),
  ) {
    const listener = {
      hello: (hello: Hello) => {
        this.store.hello(hello);
        this.tree.follow(this.store.rows);
        this.actions.askOutcomes();
      },
      refused: (failure: Failure) => this.store.setRefusal(failure),
      event: (event: Event) => {
        this.store.event(event);
        if (event.event === 'cell') {
          this.tree.look();
        } else if (event.event === 'rows') {
          this.tree.follow(this.store.rows);
        }
      },
      status: (status: LinkStatus) => {
        const isBack = status === 'live' && this.store.link !== 'opening';
        this.store.setLink(status);
        if (isBack) {
          this.tree.resume();
        }
      },
    };
    this.link = new Link(wire, listener, attention);
    this.actions = new Actions(this.link, this.store);
    this.tree = new Tree(this.link, () => this.store.changed(), attention);
    this.link.probe();
  }

  /** Ask something of the panel, now or as soon as it is shown. */
  ask(wish: Wish): void {
    this.wish = wish;
    this.store.changed();
  }

  /** Have everything read anew, and what fails tried again: each server once. */
  refresh(): void {
    this.link.probe();
    this.tree.look();
    const failing = new Map<number, string>();
    for (const { endpoint, alias, state } of this.store.rows.values()) {
      if (state === 'unreachable' || state === 'rejected') {
        failing.set(endpoint, alias);
      }
    }
    failing.forEach(alias => void this.actions.retry(alias));
  }

  /** What was asked of the panel; it is granted by taking it. */
  takeWish(): Wish | null {
    const { wish } = this;
    this.wish = null;
    return wish;
  }

  /** What a row says about its state now. */
  textOf(row: Row): RowText {
    const { store, link } = this;
    const since = store.link === 'resting' ? link.toldAt : link.heardAt;
    const silence_s = (elapsed() - since) / 1000;
    return rowText(store.latest(row), store.link, store.now(), store.heartbeat_s, silence_s);
  }

  /** Something may have changed in the kernel, which tells it only where somebody attends. */
  refreshSoon(): void {
    this.refreshing ??= setTimeout(() => {
      this.refreshing = undefined;
      if (this.attention.isThere) {
        this.link.refresh();
      }
    }, REFRESH_WITHIN_MS);
  }

  dispose(): void {
    clearTimeout(this.refreshing);
    this.tree.dispose();
    this.link.dispose();
  }
}
