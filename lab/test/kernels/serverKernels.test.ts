import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { ServerConnection } from '@jupyterlab/services';

import { ServerKernels } from '../../src/kernels/serverKernels';

const THERE = { isThere: true, subscribe: () => () => {} };

test('what changes while the server is asked is asked for at once, not with the next look', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const open: ((answer: Response) => void)[] = [];
  let asks = (): void => {};
  const fetch = async (): Promise<Response> => {
    const answer = new Promise<Response>(resolve => open.push(resolve));
    asks();
    return answer;
  };
  const asked = async (count: number): Promise<void> => {
    while (open.length < count) {
      await new Promise<void>(resolve => (asks = resolve));
    }
  };
  const answer = (id: string): Response =>
    Response.json({ kernels: [{ id, connected: [], lost: [] }] });
  const settings = ServerConnection.makeSettings({ baseUrl: 'http://localhost/', fetch });
  const kernels = new ServerKernels(settings, THERE);
  const changed = new Promise(resolve => kernels.changed.connect(resolve));
  kernels.watch();
  await new Promise(resolve => setImmediate(resolve));
  mock.timers.tick(1); // and no more: the next look is due in 3 s
  await asked(1);
  kernels.refresh(); // a kernel has come or gone
  open[0]?.(answer('old'));
  await asked(2);
  open[1]?.(answer('new'));
  await changed;
  assert.deepEqual(
    kernels.records.map(({ id }) => id),
    ['new'],
  );
  kernels.unwatch();
  mock.timers.reset();
});

test('however many kernels a page has, no server in between refuses the question for its length', async () => {
  const ids = Array.from({ length: 1000 }, () => crypto.randomUUID());
  let url = '';
  const asked = new Promise<void>(resolve => {
    const fetch = (input: RequestInfo | URL): Promise<Response> => {
      ({ url } = input as Request);
      resolve();
      return Promise.resolve(Response.json({ kernels: [] }));
    };
    const settings = ServerConnection.makeSettings({ baseUrl: 'http://localhost/', fetch });
    const kernels = new ServerKernels(settings, THERE, () => ids);
    const changed = new Promise(told => kernels.changed.connect(told));
    kernels.watch();
    void changed.then(() => kernels.unwatch());
  });
  await asked;
  assert.ok(url.length < 8000, `${url.length} characters`);
  const named = new URL(url).searchParams.getAll('open');
  assert.deepEqual(named, ids.slice(0, named.length));
  assert.ok(named.length > 0);
});
