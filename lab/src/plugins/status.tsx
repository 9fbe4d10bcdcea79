import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { render } from 'preact';
import { useMemo } from 'preact/hooks';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import { useChanges, useWatch } from '../panel/parts/hooks';
import { Label } from '../panel/parts/Label';
import { StateMark } from '../panel/parts/StateMark';
import type { Row } from '../protocol/messages';
import { changing } from '../sidebar/signals';
import { trans } from '../state/i18n';
import type { RowText } from '../state/rowText';
import type { Session } from '../state/session';
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

function Current({ session }: { session: Session }) {
  const found = currentOf(session);
  return found === null ? (
    <span>{trans.__('Milvus')}</span>
  ) : (
    <>
      <StateMark mark={found.text.mark} />
      <span class="milvus-nb-status-alias">{found.row.alias}</span>
      <Label label={found.row.label} color={found.row.color} />
      {found.text.mark !== 'connected' && <span>{found.text.word}</span>}
    </>
  );
}

function told(session: Session): string {
  const found = currentOf(session);
  if (found === null) {
    // Nothing becomes current by itself.
    return session.store.rows.size > 0
      ? trans.__('no connection is current')
      : trans.__('nothing is connected');
  }
  const { row, text } = found;
  const name = [row.alias, row.label].filter(Boolean).join(', ');
  return [`${name}, ${text.word.toLowerCase()}`, text.reason].filter(Boolean).join(': ');
}

function currentOf(session: Session): { row: Row; text: RowText } | null {
  const row = session.store.rows.get(session.store.current ?? '');
  return row === undefined ? null : { row, text: session.textOf(row) };
}
