import { Token } from '@lumino/coreutils';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import type { Settings } from './settings';

/** What the plugins of this extension share. */
export interface IMilvus {
  readonly hub: RunningKernels;
  readonly front: CurrentNotebook;
  readonly settings: Settings;
  /** Bring the notebook or console of a kernel in front. */
  readonly open: (kernelId: string) => void;
}

export const IMilvus = new Token<IMilvus>(
  'milvus_nb:IMilvus',
  'The Milvus connections of the running kernels.',
);
