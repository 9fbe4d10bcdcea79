import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { elapsed } from '../../src/state/clock';
import { Store } from '../../src/state/store';

let wall = 0;
let steady = 0;

beforeEach(() => {
  wall = 1_800_000_000_000;
  steady = 5000;
  mock.method(Date, 'now', () => wall);
  mock.method(performance, 'now', () => steady);
  elapsed();
});

const pass = (ms: number): void => {
  wall += ms;
  steady += ms;
};

test('a clock that is set back takes nothing from what has passed', () => {
  const since = elapsed();
  pass(2000);
  wall -= 3_600_000;
  assert.equal(elapsed() - since, 2000);
  pass(3000);
  assert.equal(elapsed() - since, 5000);
});

test('the sleep of the machine counts, in which its steady clock stands still', () => {
  const since = elapsed();
  pass(2000);
  wall += 3_600_000;
  assert.equal(elapsed() - since, 3_602_000);
  pass(3000);
  assert.equal(elapsed() - since, 3_605_000);
});

test('many looks at it make it no faster, however the two clocks are rounded', () => {
  const since = elapsed();
  for (let n = 0; n < 10_000; n++) {
    pass(1);
    wall += n % 2 === 0 ? 1 : -1;
    elapsed();
  }
  assert.equal(elapsed() - since, 10_000);
});

test('ages are of the clock of the kernel, however much that of the page is off', () => {
  const store = new Store();
  const tick = (now: number): void =>
    store.event({ v: 0, event: 'tick', now, heartbeat_s: 5, measured: [] });
  tick(1000); // decades before the page's
  pass(4000);
  wall -= 600_000; // set right meanwhile
  assert.equal(store.now(), 1004);
});
