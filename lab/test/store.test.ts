import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Store } from '../src/panel/store';
import { row } from './rows';

let store: Store;

beforeEach(() => {
  store = new Store();
  store.hello({
    connections: [row({ alias: 'a' }), row({ alias: 'b' }), row({ alias: 'c', endpoint: 1 })],
    current: 'a',
    now: 2000,
    heartbeat_s: 3,
    versions: {},
  });
});

const rows = (changed: ReturnType<typeof row>[], removed: string[] = []) =>
  store.event({ v: 1, event: 'rows', changed, removed, current: 'a', now: 2000 });

test('ages follow the clock of the kernel', () => {
  assert.ok(Math.abs(store.now() - 2000) < 1);
});

test('changes keep the order, new ones come last, removed ones go', () => {
  rows([row({ alias: 'b', state: 'unreachable' }), row({ alias: 'd' })], ['a']);
  assert.deepEqual([...store.rows.keys()], ['b', 'c', 'd']);
  assert.equal(store.announcement, 'b: Unreachable.');
});

test('what is measured of an endpoint shows on all its connections, the newest of both', () => {
  store.event({ v: 1, event: 'tick', now: 2003, measured: [[0, 9, 2003]] });
  const latency = (alias: string) => {
    const found = store.rows.get(alias);
    return found && store.latest(found).latency_ms;
  };
  assert.deepEqual([latency('a'), latency('b'), latency('c')], [9, 9, 0.62]);
  rows([row({ alias: 'a', latency_ms: 4, checked_at: 2006 })]);
  assert.deepEqual([latency('a'), latency('b')], [4, 9]);
});

test('an undo line goes when its alias is back, a failure does not take it away', () => {
  rows([], ['b']);
  store.finish('b', { kind: 'disconnected', alias: 'b' }, '');
  store.start('b', 'reconnect');
  store.finish('b', { kind: 'failed', alias: 'b', failure: { what: 'x', why: '', fix: '' } }, '');
  assert.deepEqual(
    store.notices.map(notice => notice.kind),
    ['disconnected', 'failed'],
  );
  rows([row({ alias: 'b' })]);
  assert.deepEqual(
    store.notices.map(notice => notice.kind),
    ['failed'],
  );
});
