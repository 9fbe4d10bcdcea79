import type { Event, Failure, Hello, Ping, Row } from './messages';
import type { LinkStatus } from './link';
import { STATE_WORDS } from './format';

/** A line under the header: something was done, or something failed. */
export type Notice =
  { kind: 'disconnected'; alias: string } | { kind: 'failed'; alias: string; failure: Failure };

/** What runs on a row just now, so that its buttons can say so. */
export type Action = 'disconnect' | 'reconnect' | 'retry' | 'use' | 'ping';

type Measured = Pick<Row, 'latency_ms' | 'checked_at'>;

const MAX_NOTICES = 3;

/**
 * What the views of one panel show: the kernel's list, and what became of the user's actions.
 *
 * Mutable, with one listener a view; nothing in here is a secret or outlives the page.
 */
export class Store {
  link: LinkStatus = 'opening';
  /** Why there is no list. */
  refusal: Failure | null = null;
  rows = new Map<string, Row>();
  current: string | null = null;
  versions: Record<string, string> = {};
  heartbeat_s = 5;
  /** What a screen reader should say next. */
  announcement = '';
  notices: Notice[] = [];
  readonly busy = new Map<string, Action>();
  readonly pings = new Map<string, Ping>();

  private readonly measured = new Map<number, Measured>();
  private clockOffset = 0;
  private readonly listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }

  /** Now, by the kernel's clock, in unix seconds. */
  now(): number {
    return Date.now() / 1000 + this.clockOffset;
  }

  /** A row with what was last measured of its endpoint. */
  latest(row: Row): Row {
    const measured = this.measured.get(row.endpoint);
    const newer = (measured?.checked_at ?? 0) > (row.checked_at ?? 0);
    return newer ? { ...row, ...measured } : row;
  }

  hello(hello: Hello): void {
    this.rows = new Map(hello.connections.map(row => [row.alias, row]));
    this.versions = hello.versions;
    this.heartbeat_s = hello.heartbeat_s;
    this.setClock(hello.now);
    this.setCurrent(hello.current);
  }

  event(event: Event): void {
    if (event.event === 'rows') {
      this.announceStates(event.changed);
      for (const row of event.changed) {
        this.rows.set(row.alias, row);
      }
      for (const alias of event.removed) {
        this.rows.delete(alias);
        this.pings.delete(alias);
      }
      this.notices = this.notices.filter(
        notice => notice.kind !== 'disconnected' || !this.rows.has(notice.alias),
      );
      this.setClock(event.now);
      this.setCurrent(event.current);
    } else if (event.event === 'tick') {
      for (const [endpoint, latency_ms, checked_at] of event.measured) {
        this.measured.set(endpoint, { latency_ms, checked_at });
      }
      this.setClock(event.now);
      this.changed();
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

  start(alias: string, action: Action): void {
    this.busy.set(alias, action);
    this.notices = this.notices.filter(
      notice => notice.alias !== alias || notice.kind === 'disconnected',
    );
    this.changed();
  }

  finish(alias: string, notice: Notice | null, announcement: string): void {
    this.busy.delete(alias);
    if (notice !== null) {
      const others = this.notices.filter(
        other => other.alias !== notice.alias || other.kind !== notice.kind,
      );
      this.notices = [...others, notice].slice(-MAX_NOTICES);
    }
    this.announcement = announcement;
    this.changed();
  }

  dismiss(notice: Notice): void {
    this.notices = this.notices.filter(other => other !== notice);
    this.changed();
  }

  private setClock(now: number): void {
    this.clockOffset = now - Date.now() / 1000;
  }

  private setCurrent(current: string | null): void {
    this.current = current;
    this.changed();
  }

  private announceStates(changed: Row[]): void {
    const news = changed.filter(row => {
      const before = this.rows.get(row.alias);
      return before !== undefined && before.state !== row.state;
    });
    if (news.length > 3) {
      this.announcement = `${news.length} connections changed their state.`;
    } else if (news.length > 0) {
      this.announcement = news.map(row => `${row.alias}: ${STATE_WORDS[row.state]}.`).join(' ');
    }
  }
}
