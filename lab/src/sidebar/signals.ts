import type { ISignal } from '@lumino/signaling';

import type { Changing } from '../panel/parts/hooks';

/** JupyterLab's signals as what the panel's views listen to. */
export function changing(...signals: ISignal<unknown, unknown>[]): Changing {
  return {
    subscribe(listener) {
      const slot = (): void => listener();
      signals.forEach(signal => signal.connect(slot));
      return () => signals.forEach(signal => signal.disconnect(slot));
    },
  };
}
