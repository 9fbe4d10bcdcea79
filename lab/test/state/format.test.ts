import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isFile, isMoreThanAddress } from '../../src/panel/connect/address';
import { freeAlias } from '../../src/state/alias';
import {
  age,
  connectionCount,
  isWeb,
  matches,
  milliseconds,
  version,
} from '../../src/state/format';
import { rowText } from '../../src/state/rowText';
import { row } from '../rows';
import ages from './ages.json';

test('an age is given as the kernel gives it, and is never negative', () => {
  for (const [seconds, text] of ages as [number, string][]) {
    assert.equal(age(seconds), text);
  }
});

test('a latency has the digits that matter', () => {
  assert.equal(milliseconds(0.62), '0.6 ms');
  assert.equal(milliseconds(9.97), '10 ms');
  assert.equal(milliseconds(999), '999 ms');
  assert.equal(milliseconds(1234), '1.2 s');
});

test('versions and counts read well', () => {
  assert.equal(version('2.3.5'), 'v2.3.5');
  assert.equal(version('milvus_lite-3.2.2'), 'milvus_lite-3.2.2');
  assert.equal(connectionCount(1), '1 connection');
  assert.equal(connectionCount(10000), '10,000 connections');
});

test('the filter wants every word, in any field, in any case', () => {
  assert.ok(matches(row(), 'LOCAL connected'));
  assert.ok(matches(row({ auth: 'token', user: '' }), 'api'));
  assert.ok(!matches(row(), 'local degraded'));
  assert.ok(
    matches(row({ origin: 'MilvusClient', users: ['store.client'] }), 'store milvusclient'),
  );
});

test('what is more than a plain address goes to the kernel, a plain one stays', () => {
  const more = [
    'https://root:p%40ss@db.example:443/sales',
    'MilvusClient(uri="http://localhost:19530")',
    'connect -uri http://localhost:19530 -t root:Milvus',
    'MILVUS_URI=http://localhost:19530',
    'localhost:19530\nroot:Milvus',
    './a.db\ntoken: x',
    'connect ./a.db',
  ];
  const plain = [
    '', ' localhost:19530\n', 'localhost', 'https://h/sales', '[::1]:19530', 'unix:/run/milvus.sock',
    './a.db', './my files/a.db', '~/a b.db', 'C:\\my files\\a.db', 'file:///x/a%20b.db',
  ]; // prettier-ignore
  for (const text of more) {
    assert.ok(isMoreThanAddress(text), text);
  }
  for (const text of plain) {
    assert.ok(!isMoreThanAddress(text), text);
  }
});

test('only pages of the web become links', () => {
  assert.ok(isWeb('https://h:9091/webui/'));
  for (const href of ['javascript:alert(1)', 'data:text/html,x', ' https://h', '//h', 'ftp://h']) {
    assert.ok(!isWeb(href), href);
  }
});

test('a .db path is a file, an address on the network is not', () => {
  for (const path of ['./demo.db', 'demo.db', '~/x.DB ', 'file:///x/y.db', 'C:\\x\\y.db']) {
    assert.ok(isFile(path), path);
  }
  for (const address of ['localhost:19530', 'https://h/x.db', 'unix:/run/x.db', '']) {
    assert.ok(!isFile(address), address);
  }
});

test('the suggested alias is free', () => {
  assert.equal(freeAlias(new Set()), 'default');
  assert.equal(freeAlias(new Set(['default', 'default-2'])), 'default-3');
  assert.equal(freeAlias(new Set(['store']), 'store'), 'store-2');
});

test('a row that nobody can vouch for never says connected', () => {
  const at = (link: Parameters<typeof rowText>[1]) => rowText(row(), link, 1720, 3, 12);
  assert.equal(at('live').word, 'Connected');
  assert.deepEqual(at('live').facts.slice(0, 2), ['v2.3.5', '0.6 ms']);
  assert.equal(at('live').duration, 'for 12 min');
  assert.equal(at('silent').word, 'Last seen connected');
  assert.deepEqual(at('silent').facts, ['12 s ago']);
  assert.equal(at('resting').word, 'Connected as of 12 s ago');
  for (const link of [
    'silent',
    'offline',
    'resting',
    'restarting',
    'restarted',
    'ended',
  ] as const) {
    assert.equal(at(link).mark, 'unknown');
    assert.equal(at(link).failing, null);
  }
  assert.equal(at('restarted').word, 'Closed with the kernel');
});

test('an old measurement tells its age, a failing row tells no latency', () => {
  assert.deepEqual(rowText(row(), 'live', 1740, 3, 0).facts, [
    'v2.3.5',
    '0.6 ms',
    'checked 40 s ago',
  ]);
  const failing = row({ state: 'unreachable', reason: 'connection refused.', fix: 'Start it.' });
  const text = rowText(failing, 'live', 1740, 3, 0);
  assert.deepEqual(text.facts, []);
  assert.equal(text.failing?.fix, 'Start it.');
});

test('a warning is told of a connection that works, while somebody can vouch for it', () => {
  const note = 'Authorization is off on this server.';
  assert.equal(rowText(row({ note }), 'live', 1740, 3, 0).note, note);
  assert.equal(rowText(row({ note, state: 'unreachable' }), 'live', 1740, 3, 0).note, '');
  assert.equal(rowText(row({ note }), 'silent', 1740, 3, 0).note, '');
});
