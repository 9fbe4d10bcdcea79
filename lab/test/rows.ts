import type { Failure, Row } from '../src/protocol/messages';

export const REFUSED: Failure = {
  what: 'Could not connect.',
  reason: 'Connection refused: nothing listens on localhost:19530.',
  fix: 'Is Milvus running?',
  cause: 'refused',
  evidence: 'connect to 127.0.0.1:19530: Connection refused (0.2 ms)',
};

/** A connected row, with what a test changes. */
export function row(changes: Partial<Row> = {}): Row {
  return {
    endpoint: 0,
    alias: 'default',
    address: 'localhost:19530',
    user: 'root',
    auth: 'password',
    db_name: 'default',
    secure: false,
    state: 'connected',
    reason: '',
    fix: '',
    cause: '',
    note: '',
    server_version: 'v2.3.5',
    latency_ms: 0.62,
    since: 1000,
    checked_at: 1700,
    connected_at: 1000,
    origin: 'milvus_nb',
    users: [],
    own: true,
    again: { address: 'localhost:19530', alias: 'default', user: 'root' },
    secret: 'ask',
    profile: '',
    label: '',
    color: '',
    confirm: false,
    ...changes,
  };
}
