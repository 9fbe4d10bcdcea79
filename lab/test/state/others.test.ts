import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { languageWord } from '../../src/panel/connections/code';
import { Actions } from '../../src/state/actions';
import { RequestError } from '../../src/state/failures';
import type { Link } from '../../src/state/link';
import { asksFirst, consequence, originFacts, plainName } from '../../src/state/origin';
import { Store } from '../../src/state/store';
import { REFUSED, row } from '../rows';

const client = (users: string[], own = false) =>
  row({ alias: 'client:store', origin: 'MilvusClient', users, own });
const orm = (users: string[] = []) =>
  row({ alias: 'orm:default', origin: 'pymilvus connections', users, own: false });

/** A link that answers at once. */
class FakeLink {
  readonly asked: [method: string, params: object][] = [];
  answer: object | Error = {};

  request(method: string, params: object) {
    this.asked.push([method, params]);
    const { answer } = this;
    return {
      id: 1,
      answer: answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer),
    };
  }
}

let link: FakeLink;
let store: Store;
let actions: Actions;

beforeEach(() => {
  link = new FakeLink();
  store = new Store();
  actions = new Actions(link as Pick<Link, 'request'>, store);
});

test('who opened it and who uses it is told, except of our own', () => {
  assert.deepEqual(originFacts(row()), []);
  assert.deepEqual(originFacts(client(['client', 'store._milvus_client'])), [
    'MilvusClient',
    'used by client, store._milvus_client',
  ]);
  assert.deepEqual(originFacts(client(['a', 'b', 'c', 'd', 'e']))[1], 'used by a, b, c and 2 more');
  assert.match(originFacts(client([]))[1] ?? '', /nobody uses it any more/);
  assert.deepEqual(originFacts(client([], true)), ['MilvusClient']);
  assert.deepEqual(originFacts(orm()), ['pymilvus connections']);
});

test('closing what others use is asked about, also when it has an alias of ours', () => {
  assert.ok(!asksFirst(row()));
  assert.ok(asksFirst(client(['client'])));
  assert.ok(asksFirst(client([])));
  assert.ok(asksFirst(client(['client'], true)));
  assert.ok(!asksFirst(client([], true)));
});

test('the question says whom it will hurt', () => {
  assert.equal(consequence(client(['client'])), 'client uses it and will stop working.');
  assert.equal(consequence(client(['a', 'b'])), 'a and b use it and will stop working.');
  assert.equal(
    consequence(client(['a', 'b', 'c', 'd'])),
    'a, b, c and 1 more use it and will stop working.',
  );
  assert.equal(consequence(orm()), "Code that uses pymilvus's alias default will stop working.");
  assert.equal(consequence(client([])), 'No variable is known to use it.');
});

test('the proposed alias is the name without its kind', () => {
  assert.equal(plainName('client:store'), 'store');
  assert.equal(plainName('orm:a:b'), 'a:b');
  assert.equal(plainName('plain'), 'plain');
  assert.equal(plainName('odd:'), 'odd:');
});

test('what is closed of others cannot be brought back, ours can', async () => {
  for (const found of [row(), client(['client'])]) {
    store.rows.set(found.alias, found);
    assert.ok(await actions.disconnect(found.alias));
    assert.ok(!store.rows.has(found.alias));
  }
  assert.deepEqual(
    store.notices.map(notice => [notice.kind, notice.alias]),
    [
      ['disconnected', 'default'],
      ['closed', 'client:store'],
    ],
  );
});

test('an alias is given and said; a refusal is passed on', async () => {
  link.answer = { alias: 'store' };
  assert.equal(await actions.adopt('client:store', 'store'), 'store');
  assert.deepEqual(link.asked, [['adopt', { alias: 'client:store', new_alias: 'store' }]]);
  assert.equal(store.announcement, 'client:store has the alias store now.');
  link.answer = new RequestError(REFUSED);
  await assert.rejects(actions.adopt('client:store', 'default'), RequestError);
});

test('the language of the last code is remembered, and so are all languages', async () => {
  link.answer = { words: [['x', '']], language: 'go', languages: ['magic', 'go'] };
  assert.deepEqual(await actions.code('default', 'go'), [['x', '']]);
  assert.deepEqual([store.language, store.languages], ['go', ['magic', 'go']]);
  link.answer = new RequestError(REFUSED);
  await assert.rejects(actions.code('lite', 'java'));
  assert.deepEqual([store.language, store.languages], ['java', ['magic', 'go']]);
});

test('a language that the page does not know is called what the kernel calls it', () => {
  assert.equal(languageWord('node'), 'Node.js');
  assert.equal(languageWord('rust'), 'rust');
});
