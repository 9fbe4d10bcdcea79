import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { render } from 'preact';
import { useMemo } from 'preact/hooks';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import { useChanges, useWatch } from '../panel/parts/hooks';
import { changing } from '../sidebar/signals';
import { trans } from '../state/i18n';
import { Current, told } from './current';
import type { Settings } from './settings';

/** The current connection of the notebook in front, in the status bar. A click shows the sidebar. */
export class StatusItem extends Widget {
  readonly activeChanged = new Signal<this, void>(this);
  private wasActive = false;

  constructor(
    private readonly hub: RunningKernels,
    private readonly front: CurrentNotebook,
    private readonly settings: Settings,
    private readonly onClick: () => void,
  ) {
    super();
    this.addClass('milvus-nb');
    this.addClass('milvus-nb-current-one'); // has JupyterLab's context menu, see schema/plugin.json
    this.addClass('milvus-nb-status-item');
    hub.changed.connect(this.check, this);
    front.changed.connect(this.check, this);
    settings.changed.connect(this.check, this);
  }

  /** Whether there is something to show. */
  get isActive(): boolean {
    return this.settings.statusBar && this.front.kernel?.session != null;
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override onAfterAttach(): void {
    const { hub, front, onClick } = this;
    render(<Status hub={hub} front={front} onClick={onClick} />, this.node);
  }

  protected override onBeforeDetach(): void {
    render(null, this.node);
  }

  private readonly check = (): void => {
    if (this.isActive !== this.wasActive) {
      this.wasActive = this.isActive;
      this.activeChanged.emit();
    }
  };
}

interface Props {
  hub: RunningKernels;
  front: CurrentNotebook;
  onClick: () => void;
}

function Status({ hub, front, onClick }: Props) {
  useChanges(useMemo(() => changing(hub.changed, front.changed), [hub, front]));
  const session = front.kernel?.session;
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
