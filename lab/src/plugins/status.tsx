import { Signal } from '@lumino/signaling';
import type { ComponentChild } from 'preact';
import { useMemo } from 'preact/hooks';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import { useChanges, useWatch } from '../panel/parts/hooks';
import { DrawnWidget } from '../sidebar/drawnWidget';
import { changing } from '../sidebar/signals';
import { trans } from '../state/i18n';
import { Current, told } from './current';
import type { Settings } from './settings';

/** The current connection of the notebook in front, in the status bar. A click shows the sidebar. */
export class StatusItem extends DrawnWidget {
  readonly activeChanged = new Signal<this, void>(this);
  private wasActive = false;

  constructor(
    private readonly kernels: RunningKernels,
    private readonly notebook: CurrentNotebook,
    private readonly settings: Settings,
    private readonly onClick: () => void,
  ) {
    super();
    this.addClass('milvus-nb');
    this.addClass('milvus-nb-current-one'); // has JupyterLab's context menu, see schema/plugin.json
    kernels.changed.connect(this.check, this);
    notebook.changed.connect(this.check, this);
    settings.changed.connect(this.check, this);
  }

  /** Whether there is something to show. */
  get isActive(): boolean {
    return this.settings.statusBar && this.notebook.kernel?.session != null;
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override content(): ComponentChild {
    const { kernels, notebook, onClick } = this;
    return <Status kernels={kernels} notebook={notebook} onClick={onClick} />;
  }

  private readonly check = (): void => {
    if (this.isActive !== this.wasActive) {
      this.wasActive = this.isActive;
      this.activeChanged.emit();
    }
  };
}

interface Props {
  kernels: RunningKernels;
  notebook: CurrentNotebook;
  onClick: () => void;
}

function Status({ kernels, notebook, onClick }: Props) {
  useChanges(useMemo(() => changing(kernels.changed, notebook.changed), [kernels, notebook]));
  const session = notebook.kernel?.session;
  useWatch(session?.link);
  return session == null ? null : (
    <button
      type="button"
      class="milvus-nb-status-button"
      aria-label={trans.__('Milvus: %1', told(session))}
      title={trans.__('Milvus: %1', told(session))}
      onClick={onClick}
    >
      <Current session={session} />
    </button>
  );
}
