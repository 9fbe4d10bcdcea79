import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { age, connectionCount, stateWord } from '../../src/state/format';
import { English, setTranslation, trans } from '../../src/state/i18n';

afterEach(() => setTranslation(English));

test('without a language it is English, with its values and plurals', () => {
  assert.equal(trans.__('%1 of %2', 1, 'b'), '1 of b');
  assert.equal(trans.__('%1 percent: 100 %'), '%1 percent: 100 %');
  assert.equal(connectionCount(1), '1 connection');
  assert.equal(connectionCount(2), '2 connections');
});

test('words are looked up when they are shown, not when the page is loaded', () => {
  setTranslation({
    __: (text, ...values) => [text.toUpperCase(), ...values].join('|'),
    _n: (_, many, n) => `${many}|${n}`,
  });
  assert.equal(stateWord('connected'), 'CONNECTED');
  assert.equal(age(5), '%1 S|5');
  assert.equal(connectionCount(1), '%2 connections|1');
});
