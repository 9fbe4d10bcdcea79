import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import type { Listed, Row, Window } from '../../src/protocol/messages';
import { Listing } from '../../src/state/listing';
import { row } from '../rows';

/** A kernel with so many connections, which answers when it is told to. */
class ManyRows {
  aliases = Array.from({ length: 1000 }, (_, n) => `c${n}`);
  readonly asked: Window[] = [];
  readonly known = new Map<string, Row>();
  private readonly waiting: (() => void)[] = [];

  readonly ask = (window: Window): Promise<Listed> => {
    this.asked.push(window);
    return new Promise(resolve => this.waiting.push(() => resolve(this.answer(window))));
  };

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      this.waiting.splice(0).forEach(answer => answer());
      await Promise.resolve();
    }
  }

  private answer({ filter, offset, count, around }: Window): Listed {
    const found = this.aliases.filter(alias => alias.includes(filter));
    const at = around === undefined ? -1 : found.indexOf(around);
    const from = at < 0 ? offset : Math.max(0, at - (count >> 1));
    const rows = found.slice(from, from + count).map(alias => row({ alias }));
    rows.forEach(one => this.known.set(one.alias, one));
    return { rows, offset: from, total: found.length, also: [] };
  }
}

let kernel: ManyRows;
let list: Listing;
let drawn: number;

beforeEach(async () => {
  kernel = new ManyRows();
  drawn = 0;
  list = new Listing(
    true,
    kernel.ask,
    alias => kernel.known.get(alias),
    () => drawn++,
  );
  list.see(0, 30, '');
  list.update('', 1);
  await kernel.settle();
});

test('it asks for what is in sight, and a little more, once', async () => {
  assert.equal(kernel.asked.length, 1);
  assert.deepEqual([list.length, list.at(30)?.alias, list.at(500)], [1000, 'c30', undefined]);
  list.see(5, 35, '');
  list.update('', 1);
  await kernel.settle();
  assert.equal(kernel.asked.length, 1, 'what is told need not be asked for');
  assert.ok(kernel.known.size < 100);
});

test('while it is scrolled, one question is under way, and the next is of what is in sight then', async () => {
  for (let first = 100; first <= 900; first += 50) {
    list.see(first, first + 30, '');
  }
  assert.equal(kernel.asked.length, 2);
  await kernel.settle();
  assert.equal(kernel.asked.length, 3);
  assert.equal(list.at(910)?.alias, 'c910');
  assert.equal(list.at(5), undefined, 'what is far away is forgotten');
});

test('where connections come and go what is shown stays until it is told anew', async () => {
  kernel.aliases = kernel.aliases.slice(10);
  list.update('', 2);
  assert.equal(list.at(0)?.alias, 'c0');
  await kernel.settle();
  assert.deepEqual([list.length, list.at(0)?.alias, list.indexOf('c0')], [990, 'c10', -1]);
});

test('a filter that was typed over is not shown', async () => {
  list.update('c1', 1);
  list.update('c99', 1);
  await kernel.settle();
  assert.deepEqual([list.length, list.at(0)?.alias], [11, 'c99']);
});

test('one that is far away is found by its name', async () => {
  list.reveal('c700');
  await kernel.settle();
  assert.equal(list.indexOf('c700'), 700);
  assert.equal(list.at(0)?.alias, 'c0', 'and what is in sight stays');
});

test('a kernel that does not answer is not asked over and over', async () => {
  let asked = 0;
  const refused = new Listing(
    true,
    () => {
      asked++;
      return Promise.reject(new Error('gone'));
    },
    () => undefined,
    () => {},
  );
  refused.see(0, 30, '');
  refused.update('', 1);
  await kernel.settle();
  refused.see(10, 40, '');
  await kernel.settle();
  assert.equal(asked, 1);
  refused.update('', 2);
  await kernel.settle();
  assert.equal(asked, 2);
});
