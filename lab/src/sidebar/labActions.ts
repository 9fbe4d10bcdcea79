import type { ServerFiles } from '../panel/connect/files';
import type { Hands } from '../panel/tree/hands';

/** What the sidebar asks of JupyterLab. */
export interface LabActions {
  /** Let the user choose a kernel for what is in front; null where JupyterLab cannot. */
  chooseKernel: (() => void) | null;
  /** Restart the kernel of what is in front, once the user has said yes; null as above. */
  restartKernel: (() => void) | null;
  /** Bring the notebook or console of a kernel in front. */
  open: (kernelId: string) => void;
  /** Put code into a notebook. */
  hands: Hands;
  /** The server's files, for a kernel of a notebook; null where JupyterLab cannot show them. */
  files: ((notebook: string) => ServerFiles) | null;
}
