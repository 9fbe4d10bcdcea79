import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { type Row, PROTOCOL } from '../../src/protocol/messages';
import type { Actions } from '../../src/state/actions';
import { Losses, troubled } from '../../src/state/losses';
import { Store } from '../../src/state/store';
import { row } from '../rows';

const REASON = 'Connection refused: nothing listens on localhost:19530.';

let losses: Losses;
let store: Store;
let retried: string[];

const kernel = (id = 'k', of = store) => {
  const actions = {
    retry: (alias: string) => Promise.resolve(retried.push(`${id} ${alias}`) > 0),
  } as unknown as Actions;
  return { id, session: { store: of, actions } };
};
const told = (changed: Row[], removed: string[] = [], of = store) => {
  of.event({ v: PROTOCOL, event: 'rows', changed, removed, current: null, now: 1 });
  of.setLink('live');
};
const lost = (changes: Partial<Row> = {}) =>
  row({ state: 'unreachable', reason: REASON, ...changes });
const names = () => [...losses.look([kernel()]).values()].map(loss => loss.names);

beforeEach(() => {
  losses = new Losses();
  store = new Store();
  retried = [];
});

test('what was lost before it was first seen to work is no loss', () => {
  told([lost({ alias: 'a' }), row({ alias: 'b' })]);
  assert.deepEqual(names(), []);
  told([lost({ alias: 'b' })]);
  assert.deepEqual(names(), [['b']]);
  told([row({ alias: 'a' }), row({ alias: 'b' })]);
  assert.deepEqual(names(), []);
});

test('a server is one loss, whoever used it; a sign-in that is refused is its own user’s', () => {
  const users = ['u', 'u', 'v'].map((user, n) => ({ user, alias: `c${n}`, endpoint: n >> 1 }));
  const other = new Store();
  const look = () => losses.look([kernel(), kernel('other', other)]);
  told(users.map(row));
  told([row({ alias: 'there' })], [], other);
  look();
  told(users.map(lost));
  told([lost({ alias: 'there' })], [], other);
  const [loss, ...more] = look().values();
  assert.deepEqual(more, []);
  assert.deepEqual(loss?.names, ['c0', 'c1', 'c2', 'there']);
  loss.retries.forEach(retry => retry());
  assert.deepEqual(retried, ['k c1', 'k c2', 'other there'], 'each endpoint once');
  told(users.map(changes => lost({ ...changes, state: 'rejected' })));
  told([row({ alias: 'there' })], [], other);
  assert.deepEqual(
    [...look().values()].map(one => one.names),
    [['c0', 'c1'], ['c2']],
  );
});

test('what goes is no loss any more: disconnected, replaced, or with its kernel', () => {
  told([row({ alias: 'a' }), row({ alias: 'b' })]);
  names();
  told([lost({ alias: 'a' }), lost({ alias: 'b', endpoint: 7 })]);
  assert.deepEqual(names(), [['a']], 'b is another connection now');
  told([], ['a']);
  assert.deepEqual(names(), []);
  told([row({ alias: 'b', endpoint: 7 })]);
  names();
  told([lost({ alias: 'b', endpoint: 7 })]);
  assert.deepEqual(names(), [['b']]);
  assert.equal(losses.look([{ id: 'k', session: null }]).size, 0);
  assert.deepEqual(names(), [], 'and a new process has lost nothing yet');
});

test('while nobody looks, all is as it was; what is in trouble is told of now alone', () => {
  told([row({ alias: 'a' }), row({ alias: 'b' })]);
  names();
  told([lost({ alias: 'a' }), row({ alias: 'b', state: 'degraded' })]);
  assert.equal(troubled({ store }), 2);
  assert.deepEqual(names(), [['a']]);
  store.setLink('resting');
  assert.deepEqual(names(), [['a']]);
  assert.equal(troubled({ store }), 0);
});

test('of many connections, one that is told when it is lost has worked before', () => {
  const many = { own: 300, others: 0, troubled: 1, profiles: [] };
  const say = (changed: Row[], now: number) => {
    store.event({ v: PROTOCOL, event: 'rows', changed, removed: [], current: null, now, many });
    store.setLink('live');
  };
  say([lost({ alias: 'before', since: 50 })], 100);
  assert.deepEqual(names(), []);
  say(
    [lost({ alias: 'now', since: 101 }), lost({ alias: 'never', since: 101, connected_at: null })],
    102,
  );
  assert.deepEqual(names(), [['now']]);
  assert.equal(troubled({ store }), 1, 'as the kernel counts them');
});

test('many servers are one loss, until all are back', () => {
  const rows = ['a', 'b', 'c', 'd'].map((alias, endpoint) => ({
    alias,
    endpoint,
    address: `${alias}.example:19530`,
  }));
  const look = () => [...losses.look([kernel()]).values()];
  const seen = () => look().map(({ names, several }) => [names, several]);
  told(rows.map(row));
  look();
  told(rows.slice(0, 3).map(lost));
  assert.deepEqual(names(), [['a'], ['b'], ['c']]);
  told(rows.map(lost));
  assert.deepEqual(seen(), [[['a', 'b', 'c', 'd'], true]]);
  look()[0]?.retries.forEach(retry => retry());
  assert.deepEqual(retried, ['k a', 'k b', 'k c', 'k d']);
  told(rows.slice(1).map(row));
  assert.deepEqual(seen(), [[['a'], false]]);
  told(rows.map(row));
  assert.deepEqual(seen(), []);
});
