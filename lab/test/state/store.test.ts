import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { type Measurement, PROTOCOL } from '../../src/protocol/messages';
import { freeAlias } from '../../src/state/alias';
import { NO_PROFILES } from '../../src/state/profiles';
import { Store } from '../../src/state/store';
import { REFUSED, row } from '../rows';

let store: Store;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  store = new Store();
  store.hello({
    connections: [row({ alias: 'a' }), row({ alias: 'b' }), row({ alias: 'c', endpoint: 1 })],
    current: 'a',
    now: 2000,
    heartbeat_s: 3,
    versions: {},
    profiles: NO_PROFILES,
  });
});

const rows = (changed: ReturnType<typeof row>[], removed: string[] = []) =>
  store.event({ v: PROTOCOL, event: 'rows', changed, removed, current: 'a', now: 2000 });

const tick = (heartbeat_s: number, measured: Measurement[] = []) =>
  store.event({ v: PROTOCOL, event: 'tick', now: 2003, heartbeat_s, measured });

test('ages follow the clock of the kernel', () => {
  assert.ok(Math.abs(store.now() - 2000) < 1);
});

test('changes keep the order, new ones come last, removed ones go', () => {
  rows([row({ alias: 'b', state: 'unreachable' }), row({ alias: 'd' })], ['a']);
  assert.deepEqual([...store.rows.keys()], ['b', 'c', 'd']);
  assert.equal(store.announcement, 'b: Unreachable.');
});

test('what is measured of an endpoint shows on all its connections, the newest of both', () => {
  tick(5, [[0, 9, 2003]]);
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
  store.finish('b', { kind: 'disconnected', alias: 'b' });
  store.start('b', 'reconnect');
  store.finish('b', { kind: 'failed', alias: 'b', failure: REFUSED });
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

test('a heartbeat that is changed in the kernel is followed', () => {
  tick(30);
  assert.equal(store.heartbeat_s, 30);
});

test('flapping is said at most once a second, each connection as it is then', () => {
  const said: string[] = [];
  store.subscribe(() => {
    if (store.announcement !== said.at(-1)) {
      said.push(store.announcement);
    }
  });
  for (let n = 0; n < 20; n++) {
    rows([row({ alias: 'a', state: n % 2 === 0 ? 'unreachable' : 'connected' })]);
    rows([row({ alias: 'b', state: n % 2 === 0 ? 'degraded' : 'rejected' })]);
    mock.timers.tick(40);
  }
  store.announce('c: median 2 ms.');
  assert.deepEqual(said, ['a: Unreachable.']);
  mock.timers.tick(200);
  assert.deepEqual(said.slice(1), ['b: Rejected. a: Connected. c: median 2 ms.']);
  mock.timers.tick(10_000);
  assert.equal(said.length, 2);
});

test('many changes at once are said as a number', () => {
  rows(['d', 'e', 'f', 'g'].map(alias => row({ alias })));
  rows(['d', 'e', 'f', 'g'].map(alias => row({ alias, state: 'unreachable' })));
  assert.equal(store.announcement, '4 connections changed their state.');
});

test('what a ping has measured goes by itself, and with the next thing done there', () => {
  const ping = { count: 5, min_ms: 1, median_ms: 2, max_ms: 3 };
  store.showPing('a', ping);
  store.showPing('b', ping);
  store.start('a', 'use');
  assert.deepEqual([...store.pings.keys()], ['b']);
  mock.timers.tick(60_000);
  assert.equal(store.pings.size, 0);
});

test('profiles that are told again are the same objects, as nothing is to be done for them', () => {
  const profiles = { ...NO_PROFILES, user_path: '/p.toml' };
  store.event({ v: PROTOCOL, event: 'profiles', profiles });
  const { profiles: before } = store;
  store.event({ v: PROTOCOL, event: 'profiles', profiles: structuredClone(profiles) });
  assert.equal(store.profiles, before);
  store.event({ v: PROTOCOL, event: 'profiles', profiles: NO_PROFILES });
  assert.notEqual(store.profiles, before);
});

test('profiles that are told again have what can be imported looked for again', () => {
  const { profilesTold: before } = store;
  store.event({ v: PROTOCOL, event: 'profiles', profiles: structuredClone(NO_PROFILES) });
  assert.notEqual(store.profilesTold, before);
});

test('of many connections, what a list has shown is forgotten, and the default one is not', () => {
  const many = { own: 50_000, others: 0, troubled: 0, profiles: [] };
  const now = 2000;
  const changed = ['default', 'kept'].map(alias => row({ alias }));
  store.event({ v: PROTOCOL, event: 'rows', changed, removed: [], current: null, now, many });
  for (let from = 0; from < 5000; from += 100) {
    const rows = Array.from({ length: 100 }, (_, n) => row({ alias: `n${from + n}` }));
    store.take({ rows, also: [], offset: from, total: many.own }, alias => alias === 'kept');
  }
  assert.ok(store.rows.size < 3000);
  assert.equal(freeAlias(store.rows), 'default-2'); // a new one is not offered its name
  assert.deepEqual([store.rows.has('kept'), store.rows.has('n0')], [true, false]);
});
