// Which connections were lost while somebody looked, and which are in trouble now.

import type { Row, State } from '../protocol/messages';
import { plainName } from './origin';
import type { Session } from './session';
import { isInTrouble } from './store';

/** A server, or a user's sign-in there, that connections have lost. */
export interface Loss {
  /** Where the first of them is. */
  kernelId: string;
  alias: string;
  /** Of all that are lost with it, in all kernels. */
  names: string[];
  reason: string;
  fix: string;
  /** Whether they are on several servers, which are told together. */
  several: boolean;
  /** Has each endpoint tried again, by its number and its kernel. */
  retries: Map<string, () => void>;
}

/** A kernel of this page; without a session nothing is known of what it has connected. */
export interface Kernel {
  id: string;
  session: Pick<Session, 'store' | 'actions'> | null;
}

/** Of so many servers each is told by itself. */
const MOST_APART = 3;

const WORKS = new Set<State>(['connected', 'degraded']);
const LOST = new Set<State>(['unreachable', 'rejected']);

/** How many connections do not do what they are for, as far as the kernel tells it just now. */
export function troubled({ store }: Pick<Session, 'store'>): number {
  if (store.link !== 'live') {
    return 0;
  }
  return store.many?.troubled ?? [...store.rows.values()].filter(isInTrouble).length;
}

/** What is known of the connections of one kernel. */
class Seen {
  private revision = -1;
  /** When it was first looked at, by the kernel's clock. */
  private from: number | null = null;
  /** The endpoint of what has worked, by alias. */
  private readonly worked = new Map<string, number>();
  lost: Row[] = [];

  look({ store }: Pick<Session, 'store'>): void {
    // Where nobody tells anything, all is as it was.
    if (store.revision === this.revision || store.link !== 'live') {
      return;
    }
    this.revision = store.revision;
    this.from ??= store.now();
    const from = this.from;
    for (const { alias, endpoint, state } of store.rows.values()) {
      if (WORKS.has(state)) {
        this.worked.set(alias, endpoint);
      }
    }
    // Of many, those that work are not told; but since when one does not is.
    const hasWorked = ({ alias, endpoint, since, connected_at }: Row): boolean =>
      this.worked.get(alias) === endpoint ||
      (store.many !== null && connected_at !== null && (since ?? 0) > from);
    const isLost = (row: Row): boolean => LOST.has(row.state) && hasWorked(row);
    this.lost = [...store.rows.values()].filter(isLost);
    for (const alias of this.worked.keys()) {
      if (!store.rows.has(alias) && store.many === null) {
        this.worked.delete(alias);
      }
    }
  }
}

/** Follows the kernels. What was lost before it was first seen to work is no loss. */
export class Losses {
  private readonly seen = new Map<string, Seen>();
  private areTogether = false;

  /** Give what is lost now, by what was lost. Many stay together until all are back. */
  look(kernels: Kernel[]): Map<string, Loss> {
    const found = new Map<string, Loss>();
    const there = new Set<string>();
    for (const { id, session } of kernels) {
      if (session === null) {
        continue;
      }
      there.add(id);
      const seen = this.seen.get(id) ?? new Seen();
      this.seen.set(id, seen);
      seen.look(session);
      seen.lost.forEach(row => add(found, id, session, row));
    }
    for (const id of this.seen.keys()) {
      if (!there.has(id)) {
        this.seen.delete(id);
      }
    }
    this.areTogether = found.size > MOST_APART || (this.areTogether && found.size > 0);
    return this.areTogether ? new Map([['', together([...found.values()])]]) : found;
  }
}

function together(losses: Loss[]): Loss {
  const [first] = losses as [Loss, ...Loss[]];
  return {
    ...first,
    names: losses.map(({ names: [name = ''] }) => name),
    several: losses.length > 1,
    retries: new Map(losses.flatMap(({ retries }) => [...retries])),
  };
}

/** A server is lost to all of its users; a sign-in to its own. */
function add(
  found: Map<string, Loss>,
  kernelId: string,
  { actions }: Pick<Session, 'actions'>,
  { address, user, state, alias, endpoint, reason, fix }: Row,
): void {
  const key = JSON.stringify(state === 'rejected' ? [address, user] : [address]);
  const loss = found.get(key) ?? {
    kernelId,
    alias,
    names: [],
    reason,
    fix,
    several: false,
    retries: new Map<string, () => void>(),
  };
  loss.names.push(plainName(alias));
  loss.retries.set(`${kernelId} ${endpoint}`, () => void actions.retry(alias));
  found.set(key, loss);
}
