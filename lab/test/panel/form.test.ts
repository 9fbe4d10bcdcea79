import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  isTlsGiven,
  keptHint,
  pastedText,
  readForm,
  secretOf,
  signInFailed,
  textsOf,
} from '../../src/panel/connect/form';
import type { Pasted } from '../../src/protocol/messages';

const PASTED: Pasted = {
  kind: 'curl',
  address: 'https://db.example:443',
  alias: '',
  user: 'root',
  sign_in: 'password',
  has_secret: true,
  db_name: 'sales',
  secure: false,
  ca_pem_path: '',
  server_pem_path: '',
  client_pem_path: '',
  client_key_path: '',
  server_name: '',
  timeout: null,
  notes: [],
};

function form(fields: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    data.set(name, value);
  }
  return data;
}

test('what is not filled in is not sent', () => {
  const data = form({ address: ' localhost:19530 ', alias: 'x', db_name: '', timeout: '' });
  assert.deepEqual(readForm(data, 'none', null), { address: 'localhost:19530', alias: 'x' });
});

test('a secret is sent to the letter, the rest without blanks at its ends', () => {
  const data = form({ address: 'h', alias: ' x', user: ' root ', password: ' p ', timeout: '2.5' });
  assert.deepEqual(readForm(data, 'password', null), {
    address: 'h',
    alias: 'x',
    user: 'root',
    password: ' p ',
    timeout: 2.5,
  });
});

test('only the chosen way to sign in is sent, and none for a file', () => {
  const fields = { alias: 'x', user: 'root', password: 'p', token: 't' };
  assert.deepEqual(readForm(form({ ...fields, address: 'h' }), 'token', null), {
    address: 'h',
    alias: 'x',
    token: 't',
  });
  assert.deepEqual(readForm(form({ ...fields, address: './a.db' }), 'token', null), {
    address: './a.db',
    alias: 'x',
  });
});

test('an empty secret stands for the one the kernel still has, for the same way to sign in', () => {
  const data = form({ address: 'h', alias: 'x', user: 'root', password: '', token: '' });
  const kept = { request: 7, signIn: 'password' } as const;
  assert.equal(readForm(data, 'password', kept).secret_from, 7);
  assert.equal(readForm(data, 'token', kept).secret_from, undefined);
});

test('check boxes are sent when they are checked', () => {
  const params = readForm(
    form({ address: 'h', alias: 'x', secure: 'on', replace: 'on' }),
    'none',
    null,
  );
  assert.equal(params.secure, true);
  assert.equal(params.replace, true);
});

test('the sign-in has failed where its stage has', () => {
  const stage = { name: 'sign_in', ms: 1, text: '' } as const;
  assert.ok(signInFailed([{ ...stage, status: 'failed' }]));
  assert.ok(!signInFailed([{ ...stage, status: 'ok' }]));
});

test('the kernel keeps the secret of a request that carried one, typed or from before', () => {
  const typed = { address: 'h', alias: 'x' };
  assert.deepEqual(secretOf(7, { ...typed, user: 'root', password: 'p' }), {
    request: 7,
    signIn: 'password',
  });
  assert.deepEqual(secretOf(8, { ...typed, secret_from: 7 }), { request: 8, signIn: 'token' });
  assert.equal(secretOf(9, { ...typed, user: 'root' }), null);
});

test('a paste fills in all boxes, empties the others, and leaves the alias where it has none', () => {
  const texts = textsOf(PASTED);
  assert.equal(texts.get('user'), 'root');
  assert.equal(texts.get('db_name'), 'sales');
  assert.equal(texts.get('ca_pem_path'), '');
  assert.equal(texts.get('timeout'), '');
  assert.ok(!texts.has('alias'));
  const more = textsOf({ ...PASTED, alias: 'prod', timeout: 2.5, server_name: 'db' });
  assert.deepEqual(
    ['alias', 'timeout', 'server_name'].map(name => more.get(name)),
    ['prod', '2.5', 'db'],
  );
});

test('what is folded away is shown where a paste has filled it in', () => {
  assert.ok(!isTlsGiven(PASTED));
  for (const given of [{ secure: true }, { timeout: 1 }, { client_key_path: 'k.pem' }]) {
    assert.ok(isTlsGiven({ ...PASTED, ...given }));
  }
});

test('it is said what was pasted, and where its secret is', () => {
  assert.equal(
    pastedText(PASTED),
    'Filled in from the pasted curl line. Its secret stays in the kernel.',
  );
  const unknown = { ...PASTED, kind: 'tomorrow', has_secret: false };
  assert.equal(pastedText(unknown), 'Filled in from the pasted text.');
});

test('an empty box says whether the kernel has its secret, and whence', () => {
  const kept = { request: 7, signIn: 'token' } as const;
  assert.equal(keptHint(null, 'token'), '');
  assert.equal(keptHint(kept, 'password'), '');
  assert.match(keptHint(kept, 'token'), /from before/);
  assert.match(keptHint({ ...kept, pasted: true }, 'token'), /came with the paste/);
});
