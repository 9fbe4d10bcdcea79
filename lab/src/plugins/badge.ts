import type { Widget } from '@lumino/widgets';

import type { RunningKernels } from '../kernels/runningKernels';
import { trans } from '../state/i18n';
import { troubled } from '../state/losses';

/** Mark the sidebar's tab where a connection of an open notebook is in trouble: for the eye, and in its name. */
export function markTrouble({ title }: Widget, kernels: RunningKernels): void {
  const name = title.caption;
  let told = '';
  kernels.changed.connect(() => {
    const sessions = kernels.all().flatMap(({ session }) => session ?? []);
    const state = sessions.map(({ store }) => store.revision).join();
    if (state === told) {
      return;
    }
    told = state;
    const n = sessions.reduce((sum, session) => sum + troubled(session), 0);
    title.className = n === 0 ? '' : 'milvus-nb-in-trouble';
    title.caption =
      n === 0
        ? name
        : trans._n('%2: %1 connection in trouble', '%2: %1 connections in trouble', n, name);
  });
}
