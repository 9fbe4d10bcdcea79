// Numbers and facts as the panel writes them.

import type { Row, Stage, StageName, State } from './messages';
import { OURS } from './origin';

export const STATE_WORDS: Record<State, string> = {
  connecting: 'Connecting',
  connected: 'Connected',
  degraded: 'Degraded',
  unreachable: 'Unreachable',
  rejected: 'Rejected',
  disconnected: 'Disconnected',
};

export const STAGE_WORDS: Record<StageName, string> = {
  file: 'File',
  resolve: 'Resolve',
  tcp: 'TCP',
  tls: 'TLS',
  grpc: 'gRPC',
  sign_in: 'Sign in',
  version: 'Version',
  health: 'Health',
  database: 'Database',
};

export const STAGE_STATUS_WORDS: Record<Stage['status'], string> = {
  pending: 'waiting',
  running: 'running',
  ok: 'passed',
  failed: 'failed',
  skipped: 'not needed',
};

/** A duration in seconds, in its largest unit: `12 s`, `4 min`, `3 h`, `2 d`. */
export function age(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) {
    return `${s} s`;
  }
  if (s < 3600) {
    return `${Math.floor(s / 60)} min`;
  }
  if (s < 48 * 3600) {
    return `${Math.floor(s / 3600)} h`;
  }
  return `${Math.floor(s / 86400)} d`;
}

/** A time in milliseconds with about two digits that matter: `0.6 ms`, `12 ms`, `1.2 s`. */
export function milliseconds(ms: number): string {
  if (ms < 9.95) {
    return `${ms.toFixed(1)} ms`;
  }
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function version(text: string): string {
  return /^\d/.test(text) ? `v${text}` : text;
}

/** How a connection signs in, in a word; nothing where it does not. */
export function credential(row: Row): string {
  return row.auth === 'token' ? 'api key' : row.user;
}

export function database(row: Row): string {
  return `db ${row.db_name || 'default'}`;
}

export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

/** Whether a row answers to what was typed into the filter; every word must occur somewhere. */
export function matches(row: Row, filter: string): boolean {
  const text = [
    row.alias,
    row.address,
    credential(row),
    database(row),
    STATE_WORDS[row.state],
    row.server_version,
    ...(row.origin === OURS ? [] : [row.origin, ...row.users]),
  ]
    .join('\n')
    .toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

/** Whether it is a page of the web, and nothing that a browser would run. */
export function isWeb(href: string): boolean {
  return /^https?:\/\//i.test(href);
}
