// Numbers and facts as the panel writes them.

import type { Profile, Row, Stage, StageName, State } from '../protocol/messages';
import { trans } from './i18n';
import { OURS } from './origin';

// The language is known only after this is loaded, so each word is a function.

const STATE_WORDS: Record<State, () => string> = {
  connecting: () => trans.__('Connecting'),
  connected: () => trans.__('Connected'),
  degraded: () => trans.__('Degraded'),
  unreachable: () => trans.__('Unreachable'),
  rejected: () => trans.__('Rejected'),
  disconnected: () => trans.__('Disconnected'),
};

const STAGE_WORDS: Record<StageName, () => string> = {
  file: () => trans.__('File'),
  resolve: () => trans.__('Resolve'),
  tcp: () => trans.__('TCP'),
  tls: () => trans.__('TLS'),
  grpc: () => trans.__('gRPC'),
  sign_in: () => trans.__('Sign in'),
  version: () => trans.__('Version'),
  health: () => trans.__('Health'),
  database: () => trans.__('Database'),
};

const STAGE_STATUS_WORDS: Record<Stage['status'], () => string> = {
  pending: () => trans.__('waiting'),
  running: () => trans.__('running'),
  ok: () => trans.__('passed'),
  failed: () => trans.__('failed'),
  skipped: () => trans.__('not needed'),
};

export function stateWord(state: State): string {
  return STATE_WORDS[state]();
}

/** All of them, in the order of `State`: the kernel's filter finds them by these. */
export function stateWords(): string[] {
  return Object.values(STATE_WORDS).map(word => word());
}

export function stageWord(name: StageName): string {
  return STAGE_WORDS[name]();
}

export function stageStatusWord(status: Stage['status']): string {
  return STAGE_STATUS_WORDS[status]();
}

/** A duration in seconds, as the kernel's side says it, too: `12 s`, `4 min`, `2 h 5 min`, `4 d`. */
export function age(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) {
    return trans.__('%1 s', s);
  }
  if (s < 3600) {
    return trans.__('%1 min', Math.floor(s / 60));
  }
  if (s < 86400) {
    return trans.__('%1 h %2 min', Math.floor(s / 3600), Math.floor((s % 3600) / 60));
  }
  return trans.__('%1 d', Math.floor(s / 86400));
}

/** A time in milliseconds with about two digits that matter: `0.6 ms`, `12 ms`, `1.2 s`. */
export function milliseconds(ms: number): string {
  if (ms < 9.95) {
    return trans.__('%1 ms', ms.toFixed(1));
  }
  return ms < 1000 ? trans.__('%1 ms', Math.round(ms)) : trans.__('%1 s', (ms / 1000).toFixed(1));
}

export function version(text: string): string {
  return /^\d/.test(text) ? `v${text}` : text;
}

/** How a connection signs in, in a word; nothing where it does not. */
export function credential(row: Row): string {
  return row.auth === 'token' ? trans.__('api key') : row.user;
}

export function database(row: { db_name: string }): string {
  return trans.__('db %1', row.db_name || 'default');
}

export function connectionCount(n: number): string {
  return trans._n('%2 connection', '%2 connections', n, n.toLocaleString('en'));
}

/** How many connections a filter shows of all. */
export function shownCount(shown: number, total: number): string {
  return trans._n(
    '%2 of %3 connection',
    '%2 of %3 connections',
    total,
    shown.toLocaleString('en'),
    total.toLocaleString('en'),
  );
}

/** Whether a row answers to what was typed into the filter; every word must occur somewhere. */
export function matches(row: Row, filter: string): boolean {
  const text = [
    row.alias,
    row.label,
    row.address,
    credential(row),
    database(row),
    stateWord(row.state),
    row.server_version,
    ...(row.origin === OURS ? [] : [row.origin, ...row.users]),
  ];
  return hasWords(text, filter);
}

/** The same for a profile. */
export function matchesProfile(profile: Profile, filter: string): boolean {
  const { name, address, user, label, db_name } = profile;
  return hasWords([name, address, user, label, db_name], filter);
}

function hasWords(texts: string[], filter: string): boolean {
  const text = texts.join('\n').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

/** Whether it is a page of the web, and nothing that a browser would run. */
export function isWeb(href: string): boolean {
  return /^https?:\/\//i.test(href);
}
