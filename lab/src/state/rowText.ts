import type { Row, State } from '../protocol/messages';
import { age, milliseconds, stateWord, version } from './format';
import { trans } from './i18n';
import type { LinkStatus } from './link';

/** What a row says about its state; the view only lays it out. */
export interface RowText {
  /** Which shape and colour: the state, or `unknown` where nobody can vouch for it. */
  mark: State | 'unknown';
  word: string;
  /** What is worth its room in a narrow line: `0.6 ms`, `unreachable 12 s`, `3 min ago`. */
  short: string;
  /** `for 12 s`, said with the word of a state that needs attention, else the last of the facts. */
  duration: string;
  facts: string[];
  /** The row that says why it fails and what to do; null where it does not, or nobody can vouch. */
  failing: Row | null;
  /** A warning about a connection that works, or "". */
  note: string;
}

const AS_OF: Record<State, (age: string) => string> = {
  connecting: ago => trans.__('Connecting as of %1 ago', ago),
  connected: ago => trans.__('Connected as of %1 ago', ago),
  degraded: ago => trans.__('Degraded as of %1 ago', ago),
  unreachable: ago => trans.__('Unreachable as of %1 ago', ago),
  rejected: ago => trans.__('Rejected as of %1 ago', ago),
  disconnected: ago => trans.__('Disconnected as of %1 ago', ago),
};

const LAST_SEEN: Record<State, () => string> = {
  connecting: () => trans.__('Last seen connecting'),
  connected: () => trans.__('Last seen connected'),
  degraded: () => trans.__('Last seen degraded'),
  unreachable: () => trans.__('Last seen unreachable'),
  rejected: () => trans.__('Last seen rejected'),
  disconnected: () => trans.__('Last seen disconnected'),
};

/** Heartbeats after which the age of the last check is worth saying. */
const OLD_CHECK = 2.5;

export function rowText(
  row: Row,
  link: LinkStatus,
  now: number,
  heartbeat_s: number,
  silence_s: number,
): RowText {
  if (link === 'restarting' || link === 'restarted' || link === 'ended') {
    return unknown(trans.__('Closed with the kernel'), trans.__('closed'), []);
  }
  if (link === 'silent' || link === 'offline') {
    const ago = trans.__('%1 ago', age(silence_s));
    return unknown(LAST_SEEN[row.state](), ago, [ago]);
  }
  if (link === 'resting') {
    const old = age(silence_s);
    return unknown(AS_OF[row.state](old), trans.__('%1 ago', old), []);
  }
  const answers = row.state === 'connected' || row.state === 'degraded';
  const word = stateWord(row.state);
  const since = row.since === null ? '' : age(now - row.since);
  const facts: string[] = [];
  let short = row.state === 'connected' ? '' : [word.toLowerCase(), since].join(' ').trim();
  if (answers && row.server_version !== '') {
    facts.push(version(row.server_version));
  }
  if (answers && row.latency_ms !== null) {
    facts.push(milliseconds(row.latency_ms));
    short ||= milliseconds(row.latency_ms);
  }
  const unchecked = row.checked_at === null ? 0 : now - row.checked_at;
  if (answers && unchecked > heartbeat_s * OLD_CHECK) {
    facts.push(trans.__('checked %1 ago', age(unchecked)));
    short = trans.__('%1 ago', age(unchecked));
  }
  return {
    mark: row.state,
    word,
    short,
    duration: since === '' ? '' : trans.__('for %1', since),
    facts,
    failing: row.reason === '' ? null : row,
    note: answers ? row.note : '',
  };
}

function unknown(word: string, short: string, facts: string[]): RowText {
  return { mark: 'unknown', word, short, duration: '', facts, failing: null, note: '' };
}
