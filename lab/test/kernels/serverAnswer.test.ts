import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerConnection } from '@jupyterlab/services';

import { ServerKernels } from '../../src/kernels/serverKernels';
import { ServerProfiles } from '../../src/kernels/serverProfiles';
import { NO_PROFILES } from '../../src/state/profiles';

const THERE = { isThere: true, subscribe: () => () => {} };
const NAN = '{"profiles": [{"name": "prod", "timeout": NaN}], "problems": []}';

/** What cannot be read: no JSON, NaN, another shape, another status. */
const UNREADABLE: Record<string, () => Response> = {
  'a page of a proxy': () => new Response('<html>Sign in</html>'),
  'NaN in it': () => new Response(NAN),
  'another shape': () => Response.json({ profiles: 'none', kernels: 'none' }),
  'a failure': () => new Response('oops', { status: 500 }),
};

const settingsFor = (answer: () => Response): ServerConnection.ISettings =>
  ServerConnection.makeSettings({
    baseUrl: 'http://localhost/',
    fetch: () => Promise.resolve(answer()),
  });

for (const [kind, unreadable] of Object.entries(UNREADABLE)) {
  test(`kernels that cannot be read, ${kind}: it is said, and nothing old is shown`, async () => {
    let answer = (): Response => Response.json({ kernels: [{ id: 'k', connected: [], lost: [] }] });
    const kernels = new ServerKernels(
      settingsFor(() => answer()),
      THERE,
    );
    let told = new Promise(resolve => kernels.changed.connect(resolve));
    kernels.watch();
    await told;
    assert.equal(kernels.records.length, 1);

    answer = unreadable;
    told = new Promise(resolve => kernels.changed.connect(resolve));
    kernels.refresh();
    await told;
    assert.deepEqual(kernels.records, []);
    assert.match(kernels.problem?.what ?? '', /^The (answer of the )?Jupyter server /);
    kernels.unwatch();
  });
}

test('profiles that cannot be read: it is said until they can be, and nothing old is shown', async () => {
  let answer = (): Response => Response.json(NO_PROFILES);
  const profiles = new ServerProfiles(settingsFor(() => answer()));
  const look = async (): Promise<void> => {
    // A look follows each change of ours, whatever came of it.
    await profiles.remove('x').catch(() => {});
  };
  await look();
  assert.deepEqual(profiles.found, NO_PROFILES);
  for (const unreadable of Object.values(UNREADABLE)) {
    answer = unreadable;
    await look();
    if (unreadable().ok) {
      assert.equal(profiles.found, null);
      assert.match(profiles.problem?.what ?? '', /not understood/);
    }
    answer = () => Response.json(NO_PROFILES);
    await look();
    assert.deepEqual(profiles.found, NO_PROFILES);
    assert.equal(profiles.problem, null);
  }
});
