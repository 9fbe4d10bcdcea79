// No question of a page is lost, whatever becomes of the subshell that it was sent to.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { Kernel } from '@jupyterlab/services';

import { MilvusKernel } from '../../src/kernels/kernel';
import { PROTOCOL } from '../../src/protocol/messages';
import { FakeConnection, settle } from './fakeConnection';

let connection: FakeConnection;
let kernel: MilvusKernel;

const begin = async (): Promise<void> => {
  kernel = new MilvusKernel(connection as unknown as Kernel.IKernelConnection, true);
  await settle();
};

const pass = async (ms: number): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 100) {
    mock.timers.tick(100);
    await settle();
  }
};

/** The aliases that the kernel was asked to disconnect, one for each question. */
const arrived = (): string[] => {
  const ids = new Map<number, string>();
  for (const { content } of connection.arrived) {
    if (content.data?.method === 'disconnect') {
      ids.set(content.data.id, (content.data.params as { alias: string }).alias);
    }
  }
  return [...ids.values()];
};

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  mock.method(performance, 'now', () => Date.now());
  connection = new FakeConnection();
  connection.loaded = true;
  connection.loses = true;
});

afterEach(() => {
  kernel.dispose();
  mock.timers.reset();
  mock.restoreAll();
});

test('a subshell that the kernel has ended meanwhile loses no question', async () => {
  await begin();
  void kernel.session?.actions.disconnect('first');
  await settle();
  connection.running.clear();
  void kernel.session?.actions.disconnect('second');
  await pass(3000);
  assert.deepEqual(arrived(), ['first', 'second']);
});

test('a subshell that this page is about to end is not ended where all pages share it', async () => {
  connection.loaded = false;
  connection.busy = true;
  await begin();
  await pass(300); // it was asked on a subshell whether milvus_nb is there, which is not needed more
  connection.say({ v: PROTOCOL, event: 'here', milvus_nb: '0.1.0' });
  const [first] = connection.running;
  connection.say({ v: PROTOCOL, event: 'subshell', id: first });
  await pass(1500);
  void kernel.session?.actions.disconnect('a');
  await settle();
  assert.deepEqual(arrived(), ['a']);
});

test('where no subshell is made, or nobody answers that it was, the main shell is asked', async () => {
  await begin();
  connection.gate = new Promise(() => {});
  void kernel.session?.actions.disconnect('a');
  await pass(10_000);
  assert.deepEqual(arrived(), ['a']);
  connection.gate = Promise.reject(new Error('no thread can be made'));
  connection.gate.catch(() => {});
  void kernel.session?.actions.disconnect('b');
  await pass(10_000);
  assert.deepEqual(arrived(), ['a', 'b']);
});

for (const isLoaded of [false, true]) {
  const what = isLoaded ? 'answer' : 'line';
  test(`a load whose ${what} was lost with the connection ends when there is another`, async () => {
    connection.loaded = false;
    await begin();
    connection.requestExecute = () => ({ done: new Promise(() => {}) });
    const loading = kernel.load();
    await settle();
    assert.equal(kernel.phase, 'loading');
    connection.loaded = isLoaded;
    connection.connectionStatusChanged.emit('connecting');
    connection.connectionStatusChanged.emit('connected');
    await settle();
    assert.equal(await loading, isLoaded);
    assert.equal(kernel.phase, isLoaded ? 'present' : 'absent');
    assert.equal(kernel.failure?.what, isLoaded ? undefined : 'This was not done.');
  });
}
