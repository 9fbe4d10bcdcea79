import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { type Failure, type Hello, PROTOCOL } from '../../src/protocol/messages';
import type { Attention } from '../../src/state/attention';
import { RequestError } from '../../src/state/failures';
import { Link, type LinkStatus } from '../../src/state/link';
import { NO_PROFILES } from '../../src/state/profiles';
import type { Signal } from '../../src/state/wire';
import { REFUSED } from '../rows';

class FakeSignal<T> implements Signal<T> {
  private readonly slots = new Set<(sender: unknown, args: T) => void>();

  connect(slot: (sender: unknown, args: T) => void): void {
    this.slots.add(slot);
  }

  disconnect(slot: (sender: unknown, args: T) => void): void {
    this.slots.delete(slot);
  }

  emit(args: T): void {
    this.slots.forEach(slot => slot(this, args));
  }
}

/** The kernel's end of the comm. */
class FakeKernel {
  readonly statusChanged = new FakeSignal<string>();
  readonly connectionStatusChanged = new FakeSignal<string>();
  readonly disposed = new FakeSignal<void>();
  readonly sent: {
    id: number;
    method: string;
    params: object;
    stays_s: number;
    until?: number;
  }[] = [];
  connectionStatus = 'connected';
  answersWhileBusy = true;
  readonly wire = {
    kernel: this,
    answersWhileBusy: () => this.answersWhileBusy,
    send: (content: unknown) => this.sent.push(content as (typeof this.sent)[number]),
    listen: (callback: (content: unknown) => void) => {
      this.callback = callback;
      return () => (this.callback = null);
    },
  };
  private callback: ((content: unknown) => void) | null = null;

  say(message: object): void {
    this.callback?.({ v: PROTOCOL, ...message });
  }

  answerHello(id = this.sent.filter(({ method }) => method === 'hello').at(-1)?.id): void {
    const hello: Hello = {
      connections: [],
      current: null,
      now: 0,
      heartbeat_s: 3,
      versions: {},
      profiles: NO_PROFILES,
    };
    this.say({ id, result: hello });
  }
}

/** A page that the test says is attended to, or not. */
class FakeAttention implements Attention {
  isThere = true;
  private readonly listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(isThere: boolean): void {
    this.isThere = isThere;
    this.listeners.forEach(listener => listener());
  }
}

let attention: FakeAttention;
let unwatch: () => void;
let kernel: FakeKernel;
let link: Link;
let taken: number;
let statuses: LinkStatus[];
let refused: Failure[];

const hellos = (): number => kernel.sent.filter(message => message.method === 'hello').length;

/** Let promises settle. */
const settle = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) {
    await Promise.resolve();
  }
};

beforeEach(async () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'] });
  mock.method(performance, 'now', () => Date.now());
  kernel = new FakeKernel();
  taken = 0;
  statuses = [];
  refused = [];
  attention = new FakeAttention();
  const listener = {
    hello: () => taken++,
    refused: (failure: Failure) => refused.push(failure),
    event: () => {},
    status: (status: LinkStatus) => statuses.push(status),
  };
  link = new Link(kernel.wire, listener, attention);
  unwatch = link.watch();
  await settle();
  kernel.answerHello();
  await settle();
  assert.deepEqual(statuses, ['live']);
});

test('a slow kernel answers each time that it was asked again: one answer is taken', async () => {
  const before = kernel.sent.length;
  link.probe();
  mock.timers.tick(200);
  mock.timers.tick(400);
  const asked = kernel.sent.slice(before);
  assert.deepEqual(
    asked.map(({ method }) => method),
    ['hello', 'hello', 'hello'],
  );
  for (const { id } of asked) {
    kernel.answerHello(id);
    await settle();
  }
  assert.equal(taken, 2); // with the first of all
  link.probe();
  kernel.answerHello();
  await settle();
  assert.equal(taken, 3);
});

test('an answer reaches its question, an error as an error', async () => {
  const ping = link.request('ping', { alias: 'a' });
  const use = link.request('use', { alias: 'a' });
  kernel.say({ id: use.id, error: REFUSED });
  const result = { count: 5, min_ms: 1, median_ms: 2, max_ms: 3 };
  kernel.say({ id: ping.id, result });
  assert.deepEqual(await ping.answer, result);
  await assert.rejects(use.answer, (error: RequestError) => {
    assert.deepEqual(error.failure, REFUSED);
    return true;
  });
});

test('answers and stages for other pages of the notebook are left alone', () => {
  const stages: unknown[] = [];
  link.request('test', { address: '', alias: '' }, found => stages.push(found));
  kernel.say({ id: 1, result: {} });
  kernel.say({ event: 'stage', request: 1, stages: [] });
  assert.deepEqual(stages, []);
});

test('silence for two and a half heartbeats is told, and a word ends it with a new list', () => {
  mock.timers.tick(7000);
  assert.equal(link.status, 'live');
  mock.timers.tick(2000);
  assert.equal(link.status, 'silent');
  kernel.say({ event: 'tick', now: 0, heartbeat_s: 3, measured: [] });
  assert.equal(link.status, 'live');
  assert.ok(hellos() > 1);
});

test('the list is asked for again until it is given, less and less often', async () => {
  kernel.connectionStatusChanged.emit('connecting');
  kernel.connectionStatusChanged.emit('connected');
  const before = hellos();
  mock.timers.tick(250);
  assert.equal(hellos(), before + 1);
  mock.timers.tick(60_000);
  assert.ok(hellos() < before + 12);
  kernel.answerHello();
  await settle();
  const then = hellos();
  mock.timers.tick(5000);
  assert.equal(hellos(), then);
});

test('a kernel that is silent before its connection is lost is not blamed for that', () => {
  mock.timers.tick(9000);
  assert.equal(link.status, 'silent');
  kernel.connectionStatusChanged.emit('disconnected');
  assert.equal(link.status, 'offline');
});

test('ticks keep it live', () => {
  for (let n = 0; n < 20; n++) {
    mock.timers.tick(3000);
    kernel.say({ event: 'tick', now: 0, heartbeat_s: 3, measured: [] });
  }
  assert.deepEqual(statuses, ['live']);
});

test('a restart is told from its beginning, for good, and what was asked fails', async () => {
  const { answer } = link.request('ping', { alias: 'a' });
  kernel.statusChanged.emit('restarting');
  await assert.rejects(answer);
  kernel.statusChanged.emit('starting');
  kernel.statusChanged.emit('idle');
  kernel.say({ event: 'tick', now: 0, heartbeat_s: 3, measured: [] });
  assert.deepEqual(statuses, ['live', 'restarting', 'restarted']);
  await assert.rejects(link.request('ping', { alias: 'a' }).answer);
});

test('a dead kernel, and one that is gone, have ended', () => {
  kernel.statusChanged.emit('dead');
  assert.equal(link.status, 'ended');
});

test('a lost connection is told at once as that; the list is read again when it is back', async () => {
  kernel.connectionStatusChanged.emit('connecting');
  assert.equal(link.status, 'offline');
  kernel.connectionStatusChanged.emit('connected');
  assert.equal(link.status, 'silent');
  kernel.answerHello();
  await settle();
  assert.equal(link.status, 'live');
});

test('an answer that is none to the question is an error that says so', async () => {
  const ping = link.request('ping', { alias: 'a' });
  kernel.say({ id: ping.id, result: { count: 'five' } });
  await assert.rejects(ping.answer, /not understood/);
});

test('a kernel of another version is told once, with which side to update', () => {
  kernel.say({ v: PROTOCOL - 1, event: 'tick' });
  assert.match(refused.at(-1)?.fix ?? '', /environment of the kernel/);
  kernel.say({ v: PROTOCOL + 1, event: 'tick' });
  assert.match(refused.at(-1)?.fix ?? '', /environment of JupyterLab/);
});

test('a heartbeat that is changed in the kernel is followed', () => {
  kernel.say({ event: 'tick', now: 0, heartbeat_s: 30, measured: [] });
  mock.timers.tick(70_000);
  assert.equal(link.status, 'live');
  kernel.say({ event: 'tick', now: 0, heartbeat_s: 1, measured: [] });
  mock.timers.tick(4000);
  assert.equal(link.status, 'silent');
  // Where many servers are asked in turn, the kernel tells more often than each is asked.
  kernel.say({ event: 'tick', now: 0, heartbeat_s: 30, tick_s: 1, measured: [] });
  assert.equal(link.status, 'live');
  mock.timers.tick(4000);
  assert.equal(link.status, 'silent');
});

const TICK = { event: 'tick', now: 0, heartbeat_s: 3, measured: [] };

/** Heartbeats for so many seconds, while which the kernel answers. */
const live = async (seconds: number): Promise<void> => {
  for (let passed = 0; passed < seconds; passed += 3) {
    mock.timers.tick(3000);
    kernel.say(TICK);
    for (const { id, method } of kernel.sent) {
      if (method === 'look') {
        kernel.say({ id, result: { missed: false } });
      }
    }
    await settle();
  }
};

test('while somebody attends the kernel is told so, again and again, and long before it forgets', async () => {
  kernel.sent.length = 0;
  await live(60);
  const looks = kernel.sent.filter(({ method }) => method === 'look');
  assert.ok(looks.length >= 6 && looks.length <= 10, String(looks.length));
  assert.ok(looks.every(({ stays_s }) => stays_s >= 20));
  assert.equal(link.status, 'live');
});

for (const how of ['nobody attends to the page', 'nobody sees what is told']) {
  test(`where ${how} the kernel is told so, once, and then nothing is asked`, async () => {
    kernel.sent.length = 0;
    if (how === 'nobody attends to the page') {
      attention.set(false);
    } else {
      unwatch();
      await settle();
    }
    assert.equal(link.status, 'resting');
    mock.timers.tick(3_600_000);
    kernel.connectionStatusChanged.emit('connecting');
    kernel.connectionStatusChanged.emit('connected');
    mock.timers.tick(3_600_000);
    assert.deepEqual(
      kernel.sent.map(({ method, stays_s }) => [method, stays_s]),
      [['leave', 0]],
    );
    assert.equal(link.status, 'resting');
  });
}

test('who comes back gets the list at once', async () => {
  attention.set(false);
  mock.timers.tick(600_000);
  kernel.sent.length = 0;
  attention.set(true);
  assert.deepEqual(
    kernel.sent.map(({ method }) => method),
    ['hello'],
  );
  assert.ok((kernel.sent[0]?.stays_s ?? 0) >= 20);
  assert.equal(link.status, 'resting'); // nothing is known yet
  kernel.answerHello();
  await settle();
  assert.equal(link.status, 'live');
});

test('a kernel that does not answer who comes back is silent', () => {
  attention.set(false);
  mock.timers.tick(600_000);
  attention.set(true);
  mock.timers.tick(9000);
  assert.equal(link.status, 'silent');
});

test('one view that goes as another comes is no leave', async () => {
  kernel.sent.length = 0;
  const next = link.watch();
  unwatch();
  await settle();
  assert.deepEqual(kernel.sent, []);
  next();
});

test('what was missed while the kernel had forgotten the page is asked for', async () => {
  await live(3);
  const before = hellos();
  mock.timers.tick(3000);
  const look = kernel.sent.at(-1);
  assert.equal(look?.method, 'look');
  kernel.say({ id: look.id, result: { missed: true } });
  await settle();
  assert.equal(hellos(), before + 1);
});

test('what is done from afar is followed by what comes of it, for a moment', async () => {
  unwatch();
  await settle();
  kernel.sent.length = 0;
  link.request('retry', { alias: 'a' }).answer.catch(() => {});
  assert.equal(kernel.sent[0]?.stays_s, 15);
  link.refresh();
  assert.deepEqual([kernel.sent[1]?.method, kernel.sent[1]?.stays_s], ['hello', 0]);
});

const asked = (id: number): string[] =>
  kernel.sent.filter(message => message.id === id).map(({ method }) => method);

test('what is not answered is asked again under its id, until it was taken', async () => {
  const { id, answer } = link.request('connect', { address: 'h', alias: 'a', password: 'Zebra' });
  kernel.say(TICK);
  mock.timers.tick(2500);
  assert.deepEqual(asked(id), ['connect', 'connect']);
  kernel.say({ event: 'taken', request: id });
  mock.timers.tick(5000);
  assert.deepEqual(asked(id), ['connect', 'connect', 'outcome']); // which holds no password
  assert.ok(!JSON.stringify(kernel.sent.at(-1)).includes('Zebra'));
  kernel.say({ id, result: { alias: 'a' } });
  assert.deepEqual(await answer, { alias: 'a' });
  mock.timers.tick(100_000);
  assert.equal(asked(id).length, 3);
});

test('a connection that was lost meanwhile has what is open asked again when it is back', async () => {
  const { id, answer } = link.request('use', { alias: 'a' });
  kernel.connectionStatus = 'connecting';
  kernel.connectionStatusChanged.emit('connecting');
  mock.timers.tick(10_000);
  assert.deepEqual(asked(id), ['use']);
  kernel.connectionStatus = 'connected';
  kernel.connectionStatusChanged.emit('connected');
  assert.deepEqual(asked(id), ['use', 'use']);
  kernel.say({ id, result: {} });
  await answer;
});

test('a click that nobody answers is given up, and the kernel knows from when', async () => {
  kernel.say({ event: 'tick', now: 5000, heartbeat_s: 3, measured: [] });
  mock.timers.tick(1000);
  const { id, answer } = link.request('disconnect', { alias: 'a' });
  assert.equal(kernel.sent.find(message => message.id === id)?.until, 5031);
  const refusal = assert.rejects(answer, /not answered/);
  mock.timers.tick(40_000);
  await refusal;
  const before = asked(id).length;
  mock.timers.tick(100_000);
  assert.equal(asked(id).length, before);
});

test('where a cell keeps all questions waiting, none is given up or done twice', async () => {
  kernel.answersWhileBusy = false;
  const { id, answer } = link.request('disconnect', { alias: 'a' });
  mock.timers.tick(600_000);
  assert.equal(kernel.sent.find(message => message.id === id)?.until, undefined);
  assert.ok(asked(id).length < 25);
  kernel.say({ id, result: {} });
  assert.deepEqual(await answer, {});
});

test('of what the kernel never got, and nobody waits for, it is said that it was not done', async () => {
  const { id, answer } = link.request('use', { alias: 'a' });
  const refusal = assert.rejects(answer, /not done/);
  kernel.say({ event: 'taken', request: id });
  mock.timers.tick(2500);
  kernel.say({ id, result: { known: false, failure: null } });
  await refusal;
});
