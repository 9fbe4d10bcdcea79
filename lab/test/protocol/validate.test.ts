import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';

import { PROTOCOL as v } from '../../src/protocol/messages';
import { isResult, parse } from '../../src/protocol/validate';
import { NO_PROFILES } from '../../src/state/profiles';
import { REFUSED, row } from '../rows';

const rows = { v, event: 'rows', changed: [row()], removed: ['x'], current: null, now: 1.5 };

const warned = mock.method(console, 'warn', () => {});

afterEach(() => warned.mock.resetCalls());

test('an event, an answer and an error are known by their fields', () => {
  assert.deepEqual(parse(rows), { kind: 'event', event: rows });
  const result = { alias: 'a' };
  assert.deepEqual(parse({ v, id: 1, result }), { kind: 'reply', id: 1, error: null, result });
  assert.deepEqual(parse({ v, id: 1, error: REFUSED }), {
    kind: 'reply',
    id: 1,
    error: REFUSED,
    result: null,
  });
});

test('what is malformed is no message', () => {
  for (const message of [
    null,
    'x',
    [],
    {},
    { v: 'x' },
    { v, id: 'x', result: {} },
    { v, id: 1 },
    { v, id: 1, error: 'x' },
    { v, event: 'party' },
    { v, event: 'constructor' },
    { ...rows, changed: [{ ...row(), state: 'merry' }] },
    { ...rows, changed: [{ ...row(), latency_ms: '1' }] },
    { ...rows, changed: [{ ...row(), users: [1] }] },
    { ...rows, changed: [{ ...row(), again: {} }] },
    { ...rows, removed: 'x' },
    { v, event: 'tick', now: 1, heartbeat_s: 3, measured: [[0, 1]] },
  ]) {
    assert.equal(parse(message), null, JSON.stringify(message));
  }
});

test('the console is told which field is wrong, and no value', () => {
  const wrong = { ...rows, changed: [row(), { ...row(), again: { address: 7, alias: 'a' } }] };
  assert.equal(parse(wrong), null);
  assert.match(
    String(warned.mock.calls[0]?.arguments[0]),
    /RowsEvent\.changed\[1\]\.again\.address$/,
  );
  assert.ok(
    !isResult('details', {
      rows: [
        ['A', 'b'],
        ['A', 1],
      ],
    }),
  );
  assert.match(String(warned.mock.calls[1]?.arguments[0]), /Facts\.rows\[1\]$/);
});

test('what a newer minor version says in addition does no harm', () => {
  const more = { ...rows, changed: [{ ...row(), colour: 'red' }] };
  assert.equal(parse(more)?.kind, 'event');
});

test('another version is told apart from no message', () => {
  assert.deepEqual(parse({ v: v + 1, whatever: true }), { kind: 'version', v: v + 1 });
});

test('results have the type of their method', () => {
  const report = {
    stages: [],
    facts: [
      ['A', 'b'],
      ['A', 'b', 'c'],
    ],
    notes: [],
    failure: null,
  };
  assert.ok(isResult('test', report));
  assert.ok(isResult('test', { ...report, failure: REFUSED }));
  assert.ok(!isResult('test', { ...report, facts: [['A']] }));
  const hello = {
    connections: [],
    current: 'a',
    now: 0,
    heartbeat_s: 1,
    versions: { pymilvus: '3' },
    profiles: NO_PROFILES,
  };
  assert.ok(isResult('hello', hello));
  assert.ok(!isResult('hello', { ...hello, versions: { pymilvus: 3 } }));
  assert.ok(isResult('leave', {}));
});
