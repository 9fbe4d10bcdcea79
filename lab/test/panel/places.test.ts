import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Places } from '../../src/panel/parts/places';

test('rows are as high as most, but for those that were measured', () => {
  const places = new Places(10);
  places.setKeys(['a', 'b', 'c', 'd']);
  assert.equal(places.size, 40);
  assert.equal(places.setHeight(1, 30), 20);
  assert.equal(places.setHeight(1, 30), 0);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map(at => places.start(at)),
    [0, 10, 40, 50, 60],
  );
  assert.equal(places.setHeight(1, 10), -20);
  assert.equal(places.size, 40);
});

test('a place belongs to the row that covers it; what is above or below all to the first or the last', () => {
  const places = new Places(10);
  places.setKeys(['a', 'b', 'c']);
  places.setHeight(1, 30);
  const at = (offset: number): number => places.at(offset);
  assert.deepEqual([-5, 0, 9, 10, 39, 40, 49, 500].map(at), [0, 0, 0, 1, 1, 2, 2, 2]);
  places.setKeys([]);
  assert.equal(places.at(7), 0);
  assert.equal(places.size, 0);
});

test('a height goes along with its row, not with its number', () => {
  const places = new Places(10);
  places.setKeys(['a', 'b', 'c']);
  places.setHeight(2, 50);
  places.setKeys(['c', 'a', 'b', 'd']);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map(at => places.start(at)),
    [0, 50, 60, 70, 80],
  );
  places.setKeys({ length: 65_536 });
  assert.equal(places.size, 655_360);
});
