import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { moved, siblings, typedOn } from '../../src/panel/tree/keys';
import type { Description, Failure, Method, Methods } from '../../src/protocol/messages';
import { RequestError } from '../../src/state/failures';
import type { Link } from '../../src/state/link';
import { Tree } from '../../src/state/tree';
import { treeRows } from '../../src/state/treeRows';
import { REFUSED, row } from '../rows';

interface Question {
  method: Method;
  params: object;
  answer: (result: unknown) => Promise<void>;
  fail: (failure?: Failure) => Promise<void>;
}

let asked: Question[];
let tree: Tree;
let attention: { isThere: boolean };

/** Let what waits for an answer go on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.resolve();
  }
}

const link = {
  request(method: Method, params: object) {
    let done: (result: unknown) => void = () => {};
    let failed: (error: unknown) => void = () => {};
    const answer = new Promise((resolve, reject) => {
      [done, failed] = [resolve, reject];
    });
    const id = asked.push({
      method,
      params,
      answer: result => {
        done(result);
        return settled();
      },
      fail: (failure = REFUSED) => {
        failed(new RequestError(failure));
        return settled();
      },
    });
    return { id, answer };
  },
};

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  asked = [];
  attention = { isThere: true };
  tree = new Tree(link as unknown as Pick<Link, 'request'>, () => {}, attention);
});

function question(method: Method): Question {
  const found = asked.findLast(one => one.method === method);
  assert.ok(found, `${method} is asked`);
  return found;
}

function counted(method: Method): number {
  return asked.filter(one => one.method === method).length;
}

function shown(): string[] {
  const node = tree.of('default');
  return node === undefined
    ? []
    : treeRows('default', node).map(({ shown }) => ('name' in shown ? shown.name : shown.kind));
}

const BOOKS_AT = { alias: 'default', database: 'default', collection: 'books' };
const RELEASED: Failure = { ...REFUSED, cause: 'released' };

const DATABASES: Methods['databases']['result'] = {
  names: ['default', 'sales'],
  current: 'default',
  untold: [],
  asked_at: 1700,
};
const SIZE = { rows: 3, is_exact: true, load: 'loaded', percent: 100 } as const;
const BOOKS: Description = {
  ...SIZE,
  name: 'books',
  description: '',
  fields: [],
  has_dynamic_field: true,
  indexes: [],
  partitions: ['_default'],
  aliases: null,
  untold: [],
  asked_at: 1700,
};

function names(...found: string[]): Methods['collections']['result'] {
  return { names: found, total: found.length, asked_at: 1700 };
}

async function openDefault(...collections: string[]): Promise<void> {
  tree.toggle(row());
  await question('databases').answer(DATABASES);
  tree.database('default', 'default').toggle();
  await question('collections').answer(names(...collections));
}

test('a node is asked for when it is opened, and says so until it is told', async () => {
  tree.toggle(row());
  assert.deepEqual(shown(), ['waiting']);
  await question('databases').answer(DATABASES);
  assert.deepEqual(shown(), ['default', 'sales']);
  tree.database('default', 'default').toggle();
  assert.deepEqual(shown(), ['default', 'waiting', 'sales']);
  await question('collections').answer(names('books'));
  assert.deepEqual(shown(), ['default', 'books', 'sales']);
  tree.collection('default', 'default', 'books').toggle();
  await question('describe').answer(BOOKS);
  assert.deepEqual(shown(), ['default', 'books', 'dynamic', 'group', 'sales']);
  assert.equal(counted('collections'), 1, 'no other database is touched');
});

test('closing takes back what is under way, also inside', async () => {
  await openDefault('books');
  tree.collection('default', 'default', 'books').toggle();
  const asking = question('describe');
  tree.toggle(row());
  assert.deepEqual(question('cancel').params, { request: asked.indexOf(asking) + 1 });
  await asking.answer(BOOKS);
  assert.equal(tree.collection('default', 'default', 'books').found, null);
});

test('a server that is gone is told of once, above what is open and was told before', async () => {
  await openDefault('books', 'films');
  tree.collection('default', 'default', 'books').toggle();
  await question('describe').answer(BOOKS);
  const before = shown();
  tree.resume();
  for (const method of ['databases', 'collections', 'describe'] as const) {
    await question(method).fail();
  }
  assert.deepEqual(shown(), ['failure', ...before]);
  tree.collection('default', 'default', 'films').toggle();
  await question('describe').fail();
  assert.equal(shown().filter(one => one === 'failure').length, 2); // there is nothing else to show
});

test('a failure is of its node, and is gone when it is asked again', async () => {
  tree.toggle(row());
  await question('databases').answer(DATABASES);
  tree.database('default', 'sales').toggle();
  await question('collections').fail();
  assert.deepEqual(shown(), ['default', 'sales', 'failure']);
  tree.database('default', 'sales').fetch();
  await question('collections').answer(names());
  assert.deepEqual(shown(), ['default', 'sales', 'empty']);
});

test('only a few questions are asked at once', async () => {
  await openDefault(...['a', 'b', 'c', 'd', 'e', 'f']);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    tree.collection('default', 'default', name).toggle();
  }
  assert.equal(counted('describe'), 4);
  await question('describe').answer(BOOKS);
  assert.equal(counted('describe'), 5);
});

test('a server that hangs keeps no other waiting', async () => {
  await openDefault(...['a', 'b', 'c', 'd', 'e']);
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    tree.collection('default', 'default', name).toggle();
  }
  tree.toggle(row({ alias: 'other' }));
  assert.deepEqual(question('databases').params, { alias: 'other' });
});

test('sizes are asked for of what is in sight, once, when scrolling has come to rest', async () => {
  await openDefault('a', 'b', 'c');
  const database = tree.database('default', 'default');
  database.want(['a']);
  mock.timers.tick(50);
  database.want(['b', 'c']);
  mock.timers.tick(100);
  assert.deepEqual(question('sizes').params, {
    alias: 'default',
    database: 'default',
    names: ['b', 'c'],
  });
  database.want(['b', 'c']);
  mock.timers.tick(100);
  assert.equal(counted('sizes'), 1);
  await question('sizes').answer({ sizes: [{ name: 'b', ...SIZE }], untold: [], asked_at: 1700 });
  assert.equal(database.sizes.get('b')?.size?.rows, 3);
  assert.equal(database.sizes.get('c')?.size, null);
});

test('sizes are asked for, however often the tree is drawn meanwhile', async () => {
  await openDefault('a', 'b');
  const database = tree.database('default', 'default');
  for (let drawn = 0; drawn < 5; drawn++) {
    database.want(['a']);
    mock.timers.tick(50);
  }
  assert.equal(counted('sizes'), 1);
});

test('a released collection is loaded by a click alone, and read when it is loaded', async () => {
  await openDefault('books');
  const books = tree.collection('default', 'default', 'books');
  tree.showPreview(books);
  await question('preview').fail(RELEASED);
  assert.equal(counted('load'), 0);
  assert.ok(books.preview.canLoad);

  books.preview.load();
  assert.deepEqual(question('load').params, { ...BOOKS_AT, seen: -1 });
  await question('load').answer({ load: 'loading', percent: 40 });
  assert.equal(books.preview.doing?.percent, 40);
  assert.deepEqual(question('load').params, { ...BOOKS_AT, seen: 40 });
  tree.look();
  mock.timers.tick(2000);
  assert.equal(counted('preview'), 1); // a cell's end meanwhile does not ask for rows
  await question('load').answer({ load: 'loaded', percent: 100 });
  assert.equal(books.preview.doing, null);
  assert.equal(counted('preview'), 2);

  books.preview.load();
  const second = question('load');
  const before = counted('cancel');
  books.preview.stopWaiting();
  assert.equal(counted('cancel'), before + 1);
  await second.answer({ load: 'loading', percent: 50 });
  assert.equal(counted('load'), 3); // it is not waited for any more
  books.preview.load();
  await question('load').fail();
  assert.equal(books.preview.failure, REFUSED);
  assert.ok(books.preview.canLoad); // once more
});

test('after a cell what is open is asked for again; what was dropped is gone', async () => {
  await openDefault('books', 'old');
  tree.collection('default', 'default', 'old').toggle();
  await question('describe').answer(BOOKS);
  tree.look();
  tree.look();
  mock.timers.tick(2000);
  assert.deepEqual(
    ['databases', 'collections', 'describe'].map(method => counted(method as Method)),
    [2, 2, 2],
  );
  await question('collections').answer(names('books', 'new'));
  assert.deepEqual(shown(), ['default', 'books', 'new', 'sales']);
  attention.isThere = false;
  tree.look();
  mock.timers.tick(2000);
  assert.equal(counted('collections'), 2); // nobody would see it
});

test('a connection that is gone, or is another one, has nothing of the old', async () => {
  await openDefault('books');
  tree.follow(new Map([['default', row({ endpoint: 7 })]]));
  assert.deepEqual(shown(), ['waiting']);
  assert.equal(counted('databases'), 2);
  tree.follow(new Map());
  assert.equal(tree.of('default'), undefined);
});

test('keys lead through the tree as in JupyterLab', async () => {
  await openDefault('books', 'cars');
  const node = tree.of('default');
  assert.ok(node);
  const rows = treeRows('default', node);
  const to = (index: number, key: string) => moved(rows, index, key);
  assert.deepEqual(
    [to(0, 'ArrowRight'), to(0, 'ArrowLeft'), to(0, 'ArrowUp'), to(0, 'ArrowDown')],
    [1, 'toggle', 'out', 1],
  );
  assert.deepEqual(
    [to(1, 'ArrowRight'), to(1, 'ArrowLeft'), to(1, 'Enter')],
    ['toggle', 0, 'toggle'],
  );
  assert.deepEqual(
    [to(3, 'ArrowDown'), to(1, 'End'), to(2, 'Home'), to(3, 'ArrowLeft')],
    [null, 3, 0, 'out'],
  );
  assert.deepEqual([to(0, 'c'), to(2, 'B'), to(0, 'x')], [2, 1, null]);
  tree.collection('default', 'default', 'books').toggle();
  await question('describe').answer(BOOKS);
  const inside = treeRows('default', node);
  assert.equal(inside[moved(inside, 0, 'p') as number]?.shown.kind, 'group'); // Partitions
});

test('what is typed leads to the name that begins with it, one letter to each in turn', async () => {
  await openDefault('plain', 'plum', 'polar', 'zero');
  const rows = treeRows('default', tree.connection('default'));
  const names = rows.map(({ shown }) => ('name' in shown ? shown.name : ''));
  let at = names.indexOf('default');
  let typed = { text: '', at: 0 };
  const type = (key: string, when: number): string => {
    typed = typedOn(typed, key, when);
    at = moved(rows, at, key, typed.text) as number;
    return names[at] ?? '';
  };
  assert.deepEqual(
    ['p', 'l', 'u'].map((key, n) => type(key, 1000 + n * 100)),
    ['plain', 'plain', 'plum'],
  );
  assert.deepEqual([type('p', 3000), type('p', 3100), type('p', 3200)], ['polar', 'plain', 'plum']);
  const beside = siblings(rows, names.indexOf('plum'));
  assert.deepEqual(
    beside.map(({ place }) => place.collection),
    ['plain', 'plum', 'polar', 'zero'],
  );
});
