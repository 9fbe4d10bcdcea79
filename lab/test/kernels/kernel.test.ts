import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { LOAD_CODE, MilvusKernel, type Phase } from '../../src/kernels/kernel';
import { needsSecret, reconnect } from '../../src/kernels/reconnect';
import { type Failure, PROTOCOL } from '../../src/protocol/messages';
import { NO_PROFILES } from '../../src/state/profiles';
import { REFUSED, row } from '../rows';
import { FakeConnection, type Sent, settle } from './fakeConnection';

let connection: FakeConnection;
let kernel: MilvusKernel;
let phases: Phase[];

const begin = async (): Promise<void> => {
  kernel = new MilvusKernel(connection as unknown as Kernel.IKernelConnection, true);
  phases = [];
  kernel.phaseChanged.connect(() => phases.push(kernel.phase));
  await settle();
};

const sentTo = (type: string): Sent[] =>
  connection.sent.filter(message => message.header.msg_type === type);

beforeEach(() => {
  connection = new FakeConnection();
});

afterEach(() => kernel.dispose());

test('a kernel that knows nothing of Milvus is not given a subshell', async () => {
  await begin();
  assert.equal(kernel.phase, 'absent');
  assert.equal(sentTo('create_subshell_request').length, 0);
});

test('another language is told by its name, and asked nothing more', async () => {
  connection.language = 'R';
  await begin();
  assert.deepEqual([kernel.phase, kernel.language], ['foreign', 'R']);
  assert.equal(sentTo('comm_info_request').length, 0);
});

const subshellOfLast = (): string | null =>
  connection.sent.findLast(({ header }) => header.msg_type === 'comm_msg')?.header.subshell_id ??
  null;

test('looking makes no subshell; a click has one, so that it is done while a cell runs', async () => {
  connection.loaded = true;
  await begin();
  assert.equal(kernel.phase, 'present');
  assert.ok(kernel.answersWhileBusy);
  assert.equal(sentTo('create_subshell_request').length, 0);
  void kernel.session?.actions.disconnect('a');
  void kernel.session?.actions.use('b');
  await settle();
  assert.equal(subshellOfLast(), 's1');
  assert.equal(sentTo('create_subshell_request').length, 1);
  const methods = sentTo('comm_msg').map(({ content }) => content.data?.method);
  assert.deepEqual(methods, ['hello', 'disconnect', 'use']);
});

test('who leaves and comes back at once needs no subshell for it', async () => {
  connection.loaded = true;
  await begin();
  connection.say({ v: PROTOCOL, event: 'here', milvus_nb: '0.1.0' });
  for (const method of ['leave', 'look'] as const) {
    kernel.session?.link.request(method, {}).answer.catch(() => {});
  }
  await settle();
  const methods = sentTo('comm_msg').map(({ content }) => content.data?.method);
  assert.deepEqual(methods.slice(-2), ['leave', 'look']);
  assert.equal(sentTo('create_subshell_request').length, 0);
});

test('who says that it is gone is not loaded again by the word', async () => {
  connection.loaded = true;
  await begin();
  connection.say({ v: PROTOCOL, event: 'gone' });
  assert.deepEqual([kernel.phase, kernel.unloaded, kernel.session], ['absent', true, null]);
});

test('a subshell that was not used for a while is made anew where it does not run', async () => {
  connection.loaded = true;
  await begin();
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const clickAfter = async (ms: number): Promise<string | null> => {
    mock.timers.tick(ms);
    void kernel.session?.actions.disconnect('a');
    await settle();
    connection.say({ v: PROTOCOL, id: connection.sent.at(-1)?.content.data?.id, result: {} });
    return subshellOfLast();
  };
  const found = [await clickAfter(0), await clickAfter(6000)];
  connection.running.clear();
  found.push(await clickAfter(6000), await clickAfter(60_000));
  mock.timers.reset();
  assert.deepEqual(found, ['s1', 's1', 's2', 's3']);
  assert.equal(sentTo('list_subshell_request').length, 2);
});

test('pages that have made several subshells share the one that the kernel names', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  connection.loaded = true;
  await begin();
  void kernel.session?.actions.disconnect('a');
  await settle();
  connection.say({ v: PROTOCOL, event: 'subshell', id: 'theirs' });
  void kernel.session?.actions.disconnect('a');
  await settle();
  assert.equal(subshellOfLast(), 'theirs');
  assert.equal(sentTo('delete_subshell_request').length, 0); // what it answered last may go on
  t.mock.timers.tick(1000);
  const [ended] = sentTo('delete_subshell_request');
  assert.deepEqual(ended?.content, { subshell_id: 's1' });
  connection.say({ v: PROTOCOL, event: 'subshell', id: 'another' });
  t.mock.timers.tick(1000);
  assert.equal(sentTo('delete_subshell_request').length, 1); // not what others have made
});

test('a busy kernel without milvus_nb keeps no subshell', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  connection.busy = true;
  await begin();
  t.mock.timers.tick(300);
  await settle();
  assert.equal(kernel.phase, 'absent');
  t.mock.timers.tick(1000);
  assert.equal(connection.running.size, 0);
});

test('a busy kernel is asked on a subshell after a moment', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  connection.loaded = true;
  connection.busy = true;
  await begin();
  assert.equal(kernel.phase, 'asking');
  t.mock.timers.tick(300);
  await settle();
  assert.equal(kernel.phase, 'present');
});

test('who needs a subshell while one is made gets the same one', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  connection.busy = true;
  await begin();
  t.mock.timers.tick(300);
  connection.say({ v: PROTOCOL, event: 'here', milvus_nb: '0.1.0' });
  await settle();
  assert.equal(kernel.phase, 'present');
  assert.ok(kernel.answersWhileBusy);
  assert.equal(sentTo('create_subshell_request').length, 1);
});

test('a kernel that starts slowly gets one subshell, whenever it says that it starts', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const info = { language_info: { name: 'python' }, supported_features: ['kernel subshells'] };
  let open = (): void => {};
  connection.info = Promise.resolve(info);
  connection.gate = new Promise<void>(resolve => (open = resolve));
  connection.busy = true;
  await begin();
  t.mock.timers.tick(300);
  await settle();
  connection.status('starting');
  await settle();
  t.mock.timers.tick(300);
  connection.say({ v: PROTOCOL, event: 'here', milvus_nb: '0.1.0' });
  await settle();
  open();
  await settle();
  assert.ok(kernel.answersWhileBusy);
  assert.equal(sentTo('create_subshell_request').length, 1);
});

test('without subshells a busy kernel is not known until it answers', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  Object.assign(connection, { loaded: true, busy: true, subshells: false });
  await begin();
  t.mock.timers.tick(5000);
  await settle();
  assert.equal(kernel.phase, 'asking');
});

test('loading runs one line, as a cell would, and not in the history', async () => {
  await begin();
  assert.ok(await kernel.load());
  assert.deepEqual(phases, ['absent', 'loading', 'present']);
  const [asked] = sentTo('execute_request');
  assert.equal(asked?.content.code, LOAD_CODE);
  assert.equal((asked.content as KernelMessage.IExecuteRequestMsg['content']).store_history, false);
});

test('a package that is missing is told apart from one that fails', async () => {
  await begin();
  const error = { status: 'error', ename: 'ModuleNotFoundError', traceback: [] };
  connection.executed = { ...error, evalue: "No module named 'milvus_nb'" };
  assert.ok(!(await kernel.load()));
  assert.equal(kernel.phase, 'missing');
  connection.executed = { ...error, evalue: "No module named 'grpc'" };
  assert.ok(!(await kernel.load()));
  assert.equal(kernel.phase, 'absent');
  assert.match(kernel.failure?.reason ?? '', /grpc/);
});

test('a kernel whose package is too old to answer is told so', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await begin();
  connection.say = () => {};
  const loading = kernel.load();
  await settle();
  t.mock.timers.tick(3000);
  assert.ok(!(await loading));
  assert.match(kernel.failure?.what ?? '', /too old/);
});

test('a restart is noticed, and what was connected is known', async () => {
  connection.loaded = true;
  await begin();
  const rows = [row({ alias: 'mine' }), row({ alias: 'orm:x', own: false })];
  kernel.session?.store.hello({
    connections: rows,
    current: 'mine',
    now: 0,
    heartbeat_s: 3,
    versions: {},
    profiles: NO_PROFILES,
  });
  connection.restart();
  await settle();
  assert.equal(kernel.phase, 'absent');
  assert.deepEqual(
    kernel.lost.map(({ alias }) => alias),
    ['mine'],
  );
});

test('that a process starts may be told late: it is not taken for another one', async () => {
  await begin();
  await kernel.load();
  connection.status('starting');
  assert.equal(kernel.phase, 'present');
  connection.process = 'another';
  connection.loaded = false;
  connection.status('starting');
  await settle();
  assert.equal(kernel.phase, 'absent');
});

test('another session in any message is another process, whoever has restarted the kernel', async () => {
  for (const tell of [
    () => connection.status('busy'),
    () => connection.hear('shell', 'kernel_info_reply'),
    () => connection.hear('iopub', 'stream'),
  ]) {
    connection = new FakeConnection();
    connection.loaded = true;
    await begin();
    void kernel.session?.actions.disconnect('none');
    await settle();
    const rows = [row({ alias: 'mine' })];
    const hello = { current: null, now: 0, heartbeat_s: 3, versions: {}, profiles: NO_PROFILES };
    kernel.session?.store.hello({ connections: rows, ...hello });
    connection.process = 'another';
    connection.running.clear();
    connection.sent.length = 0;
    tell();
    await settle();
    assert.equal(kernel.phase, 'present');
    assert.deepEqual(
      kernel.lost.map(({ alias }) => alias),
      ['mine'],
    );
    assert.ok(connection.sent.every(({ header }) => header.subshell_id !== 's1'));
    phases.length = 0;
    connection.process = 'p1'; // a last word of the one that has ended
    connection.status('idle');
    connection.process = connection.clientId; // the Jupyter server's own
    connection.status('restarting');
    await settle();
    assert.deepEqual(phases, []);
    kernel.dispose();
  }
});

test('where nothing is heard after a click, the kernel is asked who it is', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  connection.loaded = true;
  await begin();
  void kernel.session?.actions.disconnect('none');
  await settle();
  connection.process = 'another'; // and nobody tells
  connection.loaded = false;
  t.mock.timers.tick(1500);
  await settle();
  assert.equal(kernel.phase, 'absent');
});

test('what is clicked without a connection is refused, and never done later', async () => {
  connection.loaded = true;
  await begin();
  connection.say({ v: PROTOCOL, event: 'here', milvus_nb: '0.1.0' });
  connection.connectionStatus = 'connecting';
  connection.connectionStatusChanged.emit('connecting');
  connection.sent.length = 0;
  assert.ok(!(await kernel.session?.actions.disconnect('prod')));
  const [notice] = kernel.session?.store.notices ?? [];
  assert.match(notice?.kind === 'failed' ? notice.failure.what : '', /Nothing was done/);
  await settle();
  assert.deepEqual(connection.sent, []);
  kernel.dispose();
  connection = new FakeConnection();
  await begin();
  connection.connectionStatus = 'connecting';
  connection.sent.length = 0;
  assert.ok(!(await kernel.load()));
  assert.match(kernel.failure?.what ?? '', /not connected/);
  assert.deepEqual(connection.sent, []);
});

test('only cells count as busy, not what runs on a subshell', async () => {
  await begin();
  connection.status('busy', { msg_type: 'execute_request', msg_id: 'm', subshell_id: 's' });
  assert.equal(kernel.busySince, null);
  connection.status('busy', { msg_type: 'execute_request', msg_id: 'm' });
  assert.notEqual(kernel.busySince, null);
  connection.status('idle', { msg_type: 'comm_msg', msg_id: 'other' });
  assert.notEqual(kernel.busySince, null);
  connection.status('idle', { msg_type: 'execute_request', msg_id: 'm' });
  assert.equal(kernel.busySince, null);
});

test('reconnecting loads, connects with what was typed, and keeps what failed', async () => {
  await begin();
  kernel.lost = [
    row({ alias: 'typed', again: { address: 'h', alias: 'typed', user: 'root' } }),
    row({ alias: 'env', secret: 'env', again: { address: 'h', alias: 'env', token_env: 'T' } }),
    row({
      alias: 'refused',
      auth: 'none',
      secret: 'none',
      again: { address: 'h', alias: 'refused' },
    }),
  ];
  assert.deepEqual(kernel.lost.map(needsSecret), [true, false, false]);
  const told: [string, unknown][] = [];
  const secrets = new Map([['typed', 'Zebra']]);
  await reconnect(
    kernel,
    () => secrets,
    new Set(),
    (alias, progress) => told.push([alias, progress]),
  );
  assert.equal(secrets.size, 0);
  const asked = connection.sent.flatMap(({ content: { data } }) =>
    data?.method === 'connect' ? [data.params] : [],
  );
  assert.deepEqual(asked, [
    { address: 'h', alias: 'typed', user: 'root', password: 'Zebra' },
    { address: 'h', alias: 'env', token_env: 'T' },
    { address: 'h', alias: 'refused' },
  ]);
  assert.deepEqual(
    kernel.lost.map(({ alias }) => alias),
    ['refused'],
  );
  assert.deepEqual(told.at(-1), ['refused', REFUSED]);
});

test('what was typed for a reconnect that fails is typed once', async () => {
  await begin();
  kernel.lost = [
    row({ alias: 'refused', again: { address: 'h', alias: 'refused', user: 'root' } }),
  ];
  const secrets = new Map([['refused', 'Zebra']]);
  const kept = await reconnect(
    kernel,
    () => secrets,
    new Set(),
    () => {},
  );
  await reconnect(
    kernel,
    () => kept,
    new Set(),
    () => {},
  );
  const asked = connection.sent.flatMap(({ content: { data } }) =>
    data?.method === 'connect' ? [data] : [],
  );
  const again = { address: 'h', alias: 'refused', user: 'root' };
  assert.deepEqual(
    asked.map(({ params }) => params),
    [
      { ...again, password: 'Zebra' },
      { ...again, secret_from: asked[0]?.id },
    ],
  );
  assert.ok(!connection.sent.some(({ content: { data } }) => data?.method === 'forget'));
});

test('a load behind a cell that fails is dropped, and nothing is blamed', async () => {
  await begin();
  connection.executed = { status: 'aborted' };
  assert.ok(!(await kernel.load()));
  assert.deepEqual([kernel.phase, kernel.failure], ['absent', null]);
});

test('who asks to load while it loads gets the same answer', async () => {
  await begin();
  const both = await Promise.all([kernel.load(), kernel.load()]);
  assert.deepEqual(both, [true, true]);
  assert.equal(sentTo('execute_request').length, 1);
});

test('a second restart forgets nothing that waits, nor does a last word of the old process', async () => {
  await begin();
  kernel.lost = [row({ alias: 'waiting' })];
  connection.statusChanged.emit('restarting');
  connection.say({ v: PROTOCOL, event: 'here', milvus_nb: '0.1.0' });
  connection.status('idle');
  assert.equal(kernel.phase, 'restarting');
  assert.deepEqual(
    kernel.lost.map(({ alias }) => alias),
    ['waiting'],
  );
});

test('where a restart has failed, the process of before counts again', async () => {
  connection.loaded = true;
  await begin();
  connection.statusChanged.emit('restarting');
  connection.connectionStatusChanged.emit('connected');
  await settle();
  assert.equal(kernel.phase, 'present');
  connection.statusChanged.emit('restarting');
  connection.status('idle');
  await settle();
  assert.equal(kernel.phase, 'restarting');
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 10_000 });
  connection.status('idle');
  await settle();
  mock.timers.reset();
  assert.equal(kernel.phase, 'present');
});

test('what cells have connected again is no longer offered', async () => {
  connection.loaded = true;
  await begin();
  kernel.lost = [row({ alias: 'again' }), row({ alias: 'gone' })];
  const hello = { current: null, now: 0, heartbeat_s: 3, versions: {}, profiles: NO_PROFILES };
  kernel.session?.store.hello({ connections: [row({ alias: 'again' })], ...hello });
  assert.deepEqual(
    kernel.lost.map(({ alias }) => alias),
    ['gone'],
  );
});

test('what wants to be asked about is connected only where it was confirmed', async () => {
  await begin();
  kernel.lost = ['prod', 'live'].map(alias =>
    row({ alias, confirm: true, secret: 'none', again: { address: 'h', alias } }),
  );
  const told = new Map<string, unknown>();
  await reconnect(
    kernel,
    () => new Map(),
    new Set(['live']),
    (alias, found) => told.set(alias, found),
  );
  const asked = connection.sent.flatMap(({ content: { data } }) =>
    data?.method === 'connect' ? [data.params] : [],
  );
  assert.deepEqual(asked, [{ address: 'h', alias: 'live' }]);
  assert.match((told.get('prod') as Failure).what, /has to be asked/);
});

test('without the secret that it needs nothing is sent', async () => {
  await begin();
  kernel.lost = [row({ alias: 'typed' })];
  await reconnect(
    kernel,
    () => new Map(),
    new Set(),
    () => {},
  );
  assert.ok(!connection.sent.some(({ content: { data } }) => data?.method === 'connect'));
  assert.equal(kernel.lost.length, 1);
});

test('what is let go leaves a connection alone that is not its own', async () => {
  await begin();
  kernel.dispose();
  assert.ok(connection.isDisposed);
  connection = new FakeConnection();
  const borrowed = new MilvusKernel(connection as unknown as Kernel.IKernelConnection, false);
  borrowed.dispose();
  assert.ok(!connection.isDisposed);
});
