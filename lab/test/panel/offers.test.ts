import assert from 'node:assert/strict';
import { test } from 'node:test';

import { filledIn, readForm } from '../../src/panel/connect/form';
import {
  addressAfter,
  forRow,
  isTriedAtOnce,
  leadingOn,
  offerText,
} from '../../src/panel/connect/offers';
import type { Action, Offer } from '../../src/protocol/messages';
import { row } from '../rows';

function offer(action: Action, value = ''): Offer {
  return { action, value };
}

test('an address that changes keeps its database', () => {
  for (const [address, expected] of [
    ['h:19530', 'https://h:19530'],
    ['http://h:19530/sales', 'https://h:19530/sales'],
    ['[::1]:19530/sales', 'https://h:19530/sales'],
    [' h ', 'https://h:19530'],
  ] as const) {
    assert.equal(addressAfter(offer('use-tls', 'https://h:19530'), address), expected);
  }
  for (const address of ['h', 'https://h:19530', 'unix:/run/milvus.sock', './h.db', '/h.db']) {
    assert.equal(addressAfter(offer('database', 'sales'), address), null);
  }
  assert.equal(addressAfter(offer('database', 'sales'), 'https://h:1/pets'), 'https://h:1');
  assert.equal(addressAfter(offer('database', 'sales'), ' h/pets'), 'h');
  assert.equal(offerText(offer('use-port', 'https://h:19530'), ''), 'Use port 19530');
});

test('a secret goes nowhere new without a click on Connect', () => {
  const elsewhere: Action[] = ['use-tls', 'no-tls', 'use-port', 'server-name'];
  const same: Action[] = ['timeout', 'database', 'create-database', 'replace'];
  const unfinished: Action[] = ['choose-file', 'sign-in'];
  const tried = (actions: Action[], hasSecret: boolean): boolean[] =>
    actions.map(action => isTriedAtOnce(offer(action), hasSecret));
  assert.deepEqual(tried(elsewhere, true), [false, false, false, false]);
  assert.deepEqual(tried(elsewhere, false), [true, true, true, true]);
  assert.deepEqual(tried(same, true), [true, true, true, true]);
  assert.deepEqual(tried(unfinished, false), [false, false]);
});

test('what the form has already is not offered', () => {
  const offers = [offer('sign-in', 'password'), offer('timeout', '30')];
  assert.deepEqual(leadingOn(offers, 'password', '60', false), []);
  assert.deepEqual(leadingOn(offers, 'none', '', false), offers);
  const elsewhere = [offer('use-tls', 'https://h'), offer('create-database', 'x'), offer('trust')];
  assert.deepEqual(leadingOn(elsewhere, 'none', '', true), elsewhere.slice(2)); // of a profile
});

test('a row offers what the form can do, one of a profile only the sign-in', () => {
  const offers = [offer('sign-in', 'password'), offer('use-tls', 'https://h'), offer('replace')];
  assert.deepEqual(forRow(offers, false), offers.slice(0, 2));
  assert.deepEqual(forRow(offers, true), offers.slice(0, 1));
});

test('what connects a row again is all that it was, with another secret', () => {
  const again = { address: 'h:1', alias: 'x', user: 'root', db_name: 'sales', ca_pem_path: '/ca' };
  assert.equal(filledIn(row({ again })).ca_pem_path, '/ca');
  const data = new FormData();
  data.set('address', 'h:1');
  data.set('alias', 'x');
  const byVariable = row({ again: { address: 'h:1', alias: 'x', token_env: 'TOKEN' } });
  assert.equal(readForm(data, 'password', null, byVariable).token_env, 'TOKEN');
  assert.equal(readForm(data, 'none', null, byVariable).token_env, undefined);
  data.set('password', 'p');
  assert.equal(readForm(data, 'password', null, byVariable).token_env, undefined);
  const profile = { address: 'h:1', alias: 'x', profile: 'prod', seal: 's' };
  assert.deepEqual(readForm(data, 'password', null, row({ again: profile, profile: 'prod' })), {
    ...profile,
    password: 'p',
  });
});
