import type {
  Event,
  Failure,
  Hello,
  Listed,
  Many,
  Ping,
  Profiles,
  Report,
  Row,
  State,
} from '../protocol/messages';
import { DEFAULT_ALIAS } from './alias';
import { elapsed } from './clock';
import { failureOf } from './failures';
import { stateWord } from './format';
import { trans } from './i18n';
import type { LinkStatus } from './link';
import { connectedProfiles, NO_PROFILES } from './profiles';

/** A line under the header: something was done, or something failed. */
export type Notice =
  | { kind: 'disconnected'; alias: string }
  /** Somebody else's, of which nobody can bring back what they had. */
  | { kind: 'closed'; alias: string }
  | { kind: 'failed'; alias: string; failure: Failure };

/** What runs on a row just now, so that its buttons can say so. */
export type Action = 'disconnect' | 'reconnect' | 'retry' | 'use' | 'ping';

/** A check of a connection, under way or ended. */
export interface Check {
  /** The id of the request. */
  request: number;
  /** What was checked: an alias may come to mean another connection. */
  of: Row;
  report: Report;
  /** When it ended, in ms of the page's clock; null while it runs. */
  endedAt: number | null;
}

type Measured = Pick<Row, 'latency_ms' | 'checked_at'>;

const MAX_NOTICES = 3;
/** Of many connections so many are remembered, beside those that are in use. */
const MOST_KNOWN = 2000;
/** What a ping has measured is of interest for so many ms. */
const PING_SHOWN_MS = 30_000;
/** A screen reader is given something to say once in so many ms. */
const ANNOUNCE_EVERY_MS = 1000;

/**
 * What the views of one panel show: the kernel's list, and what became of the user's actions.
 *
 * Mutable, with one listener a view; nothing in here is a secret or outlives the page.
 */
export class Store {
  link: LinkStatus = 'opening';
  /** Why there is no list. */
  refusal: Failure | null = null;
  /** The connections: all of a few, of many those that are told. */
  rows = new Map<string, Row>();
  /** How many there are, where not each is told. */
  many: Many | null = null;
  /** Another number means that there may be other connections, or in another order. */
  order = 0;
  /** Another one means that any of them may be other than it was. */
  told = 0;
  current: string | null = null;
  versions: Record<string, string> = {};
  profiles: Profiles = NO_PROFILES;
  /** Another number means that they were told anew: what else could become one may be other. */
  profilesTold = 0;
  heartbeat_s = 5;
  /** The language that code was last copied in, and those that there are. */
  language = 'magic';
  languages: string[] = [];
  /** Another number means that something may look different, what is measured aside. */
  revision = 0;
  /** What a screen reader should say. */
  announcement = '';
  notices: Notice[] = [];
  readonly busy = new Map<string, Action>();
  readonly pings = new Map<string, Ping>();
  readonly checks = new Map<string, Check>();

  private readonly measured = new Map<number, Measured>();
  private clockOffset = 0;
  private readonly newStates = new Map<string, State>();
  private toSay: string[] = [];
  private isPausing = false;
  private readonly listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(): void {
    this.revision++;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }

  /** Now, by the kernel's clock, in unix seconds. */
  now(): number {
    return elapsed() / 1000 + this.clockOffset;
  }

  /** A row with what was last measured of its endpoint. */
  latest(row: Row): Row {
    const measured = this.measured.get(row.endpoint);
    const newer = (measured?.checked_at ?? 0) > (row.checked_at ?? 0);
    return newer ? { ...row, ...measured } : row;
  }

  /** How many connections there are. */
  get count(): { own: number; others: number; all: number } {
    const own = this.many?.own ?? this.ownRows().length;
    const others = this.many?.others ?? this.rows.size - own;
    return { own, others, all: own + others };
  }

  /** The profiles that they come from. */
  get connectedProfiles(): Set<string> {
    return this.many === null ? connectedProfiles(this.rows.values()) : new Set(this.many.profiles);
  }

  /** The connections that have an alias of ours, as far as they are told. */
  ownRows(): Row[] {
    return [...this.rows.values()].filter(row => row.own);
  }

  /** The last check of this connection. */
  checkOf(row: Row): Check | undefined {
    const check = this.checks.get(row.alias);
    const same = check?.of.endpoint === row.endpoint && check.of.db_name === row.db_name;
    return same ? check : undefined;
  }

  hello(hello: Hello): void {
    this.announceStates(hello.connections);
    const told = new Map(hello.connections.map(row => [row.alias, row]));
    this.many = hello.many ?? null;
    if (this.many !== null) {
      // Those that are in use are asked for; of those in trouble, and of the default one, it is told.
      for (const [alias, row] of this.rows) {
        if (!told.has(alias) && !isInTrouble(row) && alias !== DEFAULT_ALIAS) {
          told.set(alias, row);
        }
      }
    }
    this.rows = told;
    this.order++;
    this.told++;
    this.versions = hello.versions;
    this.setProfiles(hello.profiles);
    this.heartbeat_s = hello.heartbeat_s;
    this.setClock(hello.now);
    this.setCurrent(hello.current);
  }

  event(event: Event): void {
    if (event.event === 'rows') {
      this.announceStates(event.changed);
      const many = event.many ?? null;
      const isMoved =
        event.missed === true ||
        event.removed.length > 0 ||
        many?.own !== this.many?.own ||
        many?.others !== this.many?.others ||
        event.changed.some(({ alias }) => this.rows.get(alias)?.state === 'connecting');
      this.many = many;
      this.order += isMoved ? 1 : 0;
      this.told++;
      for (const row of event.changed) {
        this.rows.set(row.alias, row);
      }
      for (const alias of event.removed) {
        this.rows.delete(alias);
        this.pings.delete(alias);
        this.newStates.delete(alias);
      }
      this.notices = this.notices.filter(
        notice => notice.kind === 'failed' || !this.rows.has(notice.alias),
      );
      this.setClock(event.now);
      this.setCurrent(event.current);
    } else if (event.event === 'tick') {
      for (const [endpoint, latency_ms, checked_at] of event.measured) {
        this.measured.set(endpoint, { latency_ms, checked_at });
      }
      this.heartbeat_s = event.heartbeat_s;
      this.setClock(event.now);
      this.tell();
    } else if (event.event === 'profiles') {
      this.setProfiles(event.profiles);
      this.changed();
    }
  }

  /** Take in what was asked for. */
  take({ rows, also }: Listed, isUsed: (alias: string) => boolean): void {
    if (this.many !== null && this.rows.size > MOST_KNOWN) {
      const stays = (row: Row): boolean =>
        isInTrouble(row) ||
        row.alias === this.current ||
        this.busy.has(row.alias) ||
        row.alias === DEFAULT_ALIAS ||
        isUsed(row.alias);
      this.rows = new Map([...this.rows].filter(([, row]) => stays(row)));
    }
    for (const row of [...rows, ...also]) {
      this.rows.set(row.alias, row);
    }
  }

  setRefusal(failure: Failure): void {
    this.refusal = failure;
    this.changed();
  }

  setLink(status: LinkStatus): void {
    this.link = status;
    this.changed();
  }

  /** Show what a ping has measured, until something else is done there, or for a while. */
  showPing(alias: string, ping: Ping): void {
    this.pings.set(alias, ping);
    setTimeout(() => {
      if (this.pings.get(alias) === ping) {
        this.pings.delete(alias);
        this.changed();
      }
    }, PING_SHOWN_MS);
  }

  start(alias: string, action: Action): void {
    this.pings.delete(alias);
    this.busy.set(alias, action);
    this.notices = this.notices.filter(
      notice => notice.alias !== alias || notice.kind !== 'failed',
    );
    this.changed();
  }

  /** @param outcome what is shown of it until it is dismissed, or only said */
  finish(alias: string, outcome: Notice | string): void {
    this.busy.delete(alias);
    if (typeof outcome === 'string') {
      this.announce(outcome);
    } else {
      const others = this.notices.filter(
        other => other.alias !== outcome.alias || other.kind !== outcome.kind,
      );
      this.notices = [...others, outcome].slice(-MAX_NOTICES);
    }
    this.changed();
  }

  /** What was done with a connection has failed. */
  fail(alias: string, error: unknown): void {
    this.finish(alias, { kind: 'failed', alias, failure: failureOf(error) });
  }

  /** Have it said: at once, or within a second together with all that came in it. */
  announce(text: string): void {
    if (text !== '') {
      this.toSay.push(text);
    }
    this.speak();
  }

  dismiss(notice: Notice): void {
    this.notices = this.notices.filter(other => other !== notice);
    this.changed();
  }

  private setClock(now: number): void {
    this.clockOffset = now - elapsed() / 1000;
  }

  /** The same ones stay the same objects: nothing is drawn anew because of them. */
  private setProfiles(profiles: Profiles): void {
    this.profilesTold++;
    if (JSON.stringify(profiles) !== JSON.stringify(this.profiles)) {
      this.profiles = profiles;
    }
  }

  private setCurrent(current: string | null): void {
    this.current = current;
    this.changed();
  }

  private announceStates(changed: Row[]): void {
    for (const { alias, state } of changed) {
      const before = this.rows.get(alias);
      if (before !== undefined && before.state !== state) {
        this.newStates.set(alias, state);
      }
    }
    this.speak();
  }

  private speak(): void {
    const states = [...this.newStates].map(([alias, state]) =>
      trans.__('%1: %2.', alias, stateWord(state)),
    );
    if (this.isPausing || states.length + this.toSay.length === 0) {
      return;
    }
    const many = trans._n(
      '%1 connection changed its state.',
      '%1 connections changed their state.',
      states.length,
    );
    this.announcement = [...(states.length > 3 ? [many] : states), ...this.toSay].join(' ');
    this.newStates.clear();
    this.toSay = [];
    this.isPausing = true;
    setTimeout(() => {
      this.isPausing = false;
      this.speak();
    }, ANNOUNCE_EVERY_MS);
    this.changed();
  }
}

/** Whether it does not do what it is for. */
export function isInTrouble({ state }: Row): boolean {
  return state === 'unreachable' || state === 'rejected' || state === 'degraded';
}
