import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import type { Report, Stage } from '../../src/protocol/messages';
import { Actions } from '../../src/state/actions';
import { RequestError } from '../../src/state/failures';
import type { Link } from '../../src/state/link';
import { Store } from '../../src/state/store';
import { REFUSED, row } from '../rows';

const STAGE: Stage = { name: 'tcp', status: 'running', ms: null, text: '' };
const REPORT: Report = { stages: [STAGE], facts: [['Proxy', 'none']], notes: [], failure: null };

/** A link that answers when the test says so. */
class FakeLink {
  readonly asked: { method: string; params: object }[] = [];
  answer: (report: Report) => void = () => {};
  fail: (error: unknown) => void = () => {};
  stages: (stages: Stage[]) => void = () => {};

  request(method: string, params: object, onStages?: (stages: Stage[]) => void) {
    const id = this.asked.push({ method, params });
    const answer = new Promise<Report>((resolve, reject) => {
      if (onStages !== undefined) {
        [this.answer, this.fail, this.stages] = [resolve, reject, onStages];
      }
    });
    return { id, answer };
  }
}

let link: FakeLink;
let store: Store;
let actions: Actions;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  link = new FakeLink();
  store = new Store();
  actions = new Actions(link as Pick<Link, 'request'>, store);
});

test('a check shows its stages, then what it found, and says it', async () => {
  const done = actions.check(row());
  link.stages([STAGE]);
  assert.deepEqual(store.checkOf(row())?.report.stages, [STAGE]);
  assert.equal(store.checkOf(row())?.endedAt, null);
  link.answer(REPORT);
  await done;
  assert.deepEqual(store.checkOf(row())?.report, REPORT);
  assert.notEqual(store.checkOf(row())?.endedAt, null);
  assert.equal(store.announcement, 'default: Everything answers.');
});

test('a check that cannot be made keeps the stages it came to', async () => {
  const done = actions.check(row());
  link.stages([STAGE]);
  link.fail(new RequestError(REFUSED));
  await done;
  const report = store.checkOf(row())?.report;
  assert.deepEqual([report?.stages, report?.failure], [[STAGE], REFUSED]);
});

test('a cancelled check is gone, and its late answer is not shown', async () => {
  const done = actions.check(row());
  actions.cancelCheck('default');
  assert.deepEqual(link.asked.at(-1), { method: 'cancel', params: { request: 1 } });
  link.fail(new RequestError(REFUSED));
  await done;
  assert.equal(store.checkOf(row()), undefined);
});

test('what was found is not shown for another connection of the same alias', async () => {
  const done = actions.check(row());
  link.answer(REPORT);
  await done;
  actions.cancelCheck('default');
  assert.ok(store.checkOf(row({ latency_ms: 9 })));
  assert.equal(store.checkOf(row({ endpoint: 1 })), undefined);
  assert.equal(store.checkOf(row({ db_name: 'sales' })), undefined);
});
