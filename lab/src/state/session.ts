import type { Event, Failure, Hello, Listed, Row, Window } from '../protocol/messages';
import { Actions } from './actions';
import { type Attention, pageAttention } from './attention';
import { elapsed } from './clock';
import { ignore } from './ignore';
import { Link, type LinkStatus } from './link';
import { Listing } from './listing';
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
/** None of the list itself. */
const NO_ROWS = { own: true, filter: '', states: [], offset: 0, count: 0 };
/** So many are asked for by name, or by profile, at once. */
const AT_ONCE = 200;

/** What all views of one kernel's connections share: one comm, one store, one set of actions. */
export class Session {
  readonly store = new Store();
  readonly link: Link;
  readonly actions: Actions;
  readonly tree: Tree;
  private wish: Wish | null = null;
  private refreshing: ReturnType<typeof setTimeout> | undefined;
  private readonly listings = new Set<Listing>();

  constructor(
    wire: Wire,
    private readonly attention: Attention = pageAttention(),
  ) {
    const listener = {
      hello: (hello: Hello) => {
        this.store.hello(hello);
        this.follow([]);
        if (this.store.many !== null && this.tree.aliases.length > 0) {
          void this.recall(this.tree.aliases).catch(ignore);
        }
        this.actions.askOutcomes();
      },
      refused: (failure: Failure) => this.store.setRefusal(failure),
      event: (event: Event) => {
        const wereMany = this.store.many !== null;
        this.store.event(event);
        if (event.event === 'cell') {
          this.tree.look();
        } else if (event.event === 'rows') {
          this.follow(event.removed);
          if (event.missed === true || (wereMany && this.store.many === null)) {
            this.link.probe(); // not all that are there are known
          }
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

  /** One list of a view, where there are many connections; the view disposes of it. */
  listing(own: boolean, changed: () => void): Listing {
    const { store, listings } = this;
    const made = new Listing(
      own,
      window => this.list(window),
      alias => store.rows.get(alias),
      changed,
    );
    listings.add(made);
    return made;
  }

  unlist(listing: Listing): void {
    listing.dispose();
    this.listings.delete(listing);
  }

  /** A connection by its name; null where there is none. */
  async find(alias: string): Promise<Row | null> {
    if (this.store.many !== null && !this.store.rows.has(alias)) {
      await this.recall([alias]);
    }
    return this.store.rows.get(alias) ?? null;
  }

  /** Those with an alias of ours: of a profile, or whose profile wants to be asked about. */
  async ownRows(which: { profile?: string; confirm?: boolean }): Promise<Row[]> {
    const { profile = '', confirm = false } = which;
    if (this.store.many === null) {
      return this.store
        .ownRows()
        .filter(row => (profile === '' || row.profile === profile) && (!confirm || row.confirm));
    }
    return (await this.list({ ...NO_ROWS, count: AT_ONCE, also: [], ...which })).rows;
  }

  private async list(window: Window): Promise<Listed> {
    const listed = await this.link.request('list', window).answer;
    const shown = new Set([...this.listings].flatMap(listing => [...listing.shown()]));
    this.store.take(listed, alias => shown.has(alias) || this.tree.of(alias) !== undefined);
    return listed;
  }

  /** Ask for connections by name: those that are not told are gone. */
  private async recall(aliases: string[]): Promise<void> {
    const asked = aliases.slice(0, AT_ONCE);
    const { also } = await this.list({ ...NO_ROWS, also: asked });
    const there = new Set(also.map(row => row.alias));
    const gone = asked.filter(alias => !there.has(alias));
    gone.forEach(alias => this.store.rows.delete(alias));
    this.follow(gone);
    this.store.changed();
  }

  private follow(gone: readonly string[]): void {
    const { rows, many } = this.store;
    const isGone = (alias: string): boolean =>
      many === null ? !rows.has(alias) : gone.includes(alias);
    this.tree.follow(rows, isGone);
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
