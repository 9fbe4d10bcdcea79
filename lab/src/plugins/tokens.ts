import { Token } from '@lumino/coreutils';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import type { Settings } from './settings';

/** What the plugins of this extension share. */
export interface IMilvus {
  readonly kernels: RunningKernels;
  readonly notebook: CurrentNotebook;
  readonly settings: Settings;
  /** Bring the notebook or console of a kernel in front. */
  readonly open: (kernelId: string) => void;
  /** Show the list and move the focus there: of the notebook in front, or of a kernel's at an alias. */
  readonly show: (kernelId?: string, alias?: string | null) => void;
}

export const IMilvus = new Token<IMilvus>(
  'milvus_nb:IMilvus',
  'The Milvus connections of the running kernels.',
);
