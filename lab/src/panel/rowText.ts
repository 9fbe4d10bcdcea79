import { age, milliseconds, STATE_WORDS, version } from './format';
import type { LinkStatus } from './link';
import type { Row, State } from './messages';

/** What a row says about its state; the view only lays it out. */
export interface RowText {
  /** Which shape and colour: the state, or `unknown` where nobody can vouch for it. */
  mark: State | 'unknown';
  word: string;
  /** `for 12 s`, said with the word of a state that needs attention, else the last of the facts. */
  duration: string;
  facts: string[];
  reason: string;
  fix: string;
  /** A warning about a connection that works, or "". */
  note: string;
}

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
    return unknown('Closed with the kernel', []);
  }
  if (link === 'silent') {
    const seen = STATE_WORDS[row.state].toLowerCase();
    return unknown(`Last seen ${seen}`, [`${age(silence_s)} ago`]);
  }
  const answers = row.state === 'connected' || row.state === 'degraded';
  const facts: string[] = [];
  if (answers && row.server_version !== '') {
    facts.push(version(row.server_version));
  }
  if (answers && row.latency_ms !== null) {
    facts.push(milliseconds(row.latency_ms));
  }
  const unchecked = row.checked_at === null ? 0 : now - row.checked_at;
  if (answers && unchecked > heartbeat_s * OLD_CHECK) {
    facts.push(`checked ${age(unchecked)} ago`);
  }
  return {
    mark: row.state,
    word: STATE_WORDS[row.state],
    duration: row.since === null ? '' : `for ${age(now - row.since)}`,
    facts,
    reason: row.reason,
    fix: row.fix,
    note: answers ? row.note : '',
  };
}

function unknown(word: string, facts: string[]): RowText {
  return { mark: 'unknown', word, duration: '', facts, reason: '', fix: '', note: '' };
}
