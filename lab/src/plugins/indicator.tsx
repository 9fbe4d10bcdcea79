import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ComponentChild } from 'preact';
import { useMemo } from 'preact/hooks';

import type { RunningKernels } from '../kernels/runningKernels';
import { useChanges, useWatch } from '../panel/parts/hooks';
import { WarnIcon } from '../panel/parts/icons';
import { DrawnWidget } from '../sidebar/drawnWidget';
import { changing } from '../sidebar/signals';
import { trans } from '../state/i18n';
import { troubled } from '../state/losses';
import { isInTrouble } from '../state/store';
import { Current, told } from './current';
import type { Settings } from './settings';

interface Props {
  panel: NotebookPanel;
  kernels: RunningKernels;
  settings: Settings;
  onClick: (kernelId: string, alias: string | null) => void;
}

/** A notebook's current connection, in its toolbar. A click shows the list. */
export class Indicator extends DrawnWidget {
  constructor(private readonly props: Props) {
    super();
    this.addClass('milvus-nb');
    this.addClass('milvus-nb-current-one'); // has JupyterLab's context menu, see schema/plugin.json
    this.addClass('milvus-nb-indicator');
  }

  protected override content(seen: boolean): ComponentChild {
    return <Content {...this.props} seen={seen} />;
  }
}

function Content({ panel, kernels, settings, onClick, seen }: Props & { seen: boolean }) {
  const { sessionContext } = panel;
  useChanges(
    useMemo(
      () => changing(kernels.changed, settings.changed, sessionContext.kernelChanged),
      [kernels, settings, sessionContext],
    ),
    seen,
  );
  const connection = sessionContext.session?.kernel ?? null;
  const isWanted = seen && settings.notebookToolbar && connection?.isDisposed === false;
  const kernel = isWanted ? kernels.of(connection) : null;
  const session = kernel?.session ?? null;
  useWatch(session?.link);
  if (kernel === null || session === null) {
    return null;
  }
  const { current, rows, count } = session.store;
  const more = count.all - (current === null ? 0 : 1);
  const front = rows.get(current ?? '');
  const inTrouble = Math.max(
    0,
    troubled(session) - (front !== undefined && isInTrouble(front) ? 1 : 0),
  );
  const name = [
    trans.__('Milvus connection %1', told(session)),
    more > 0 && trans._n('%1 more connection', '%1 more connections', more),
    inTrouble > 0 && trans._n('%1 of them is in trouble', '%1 of them are in trouble', inTrouble),
  ]
    .filter(Boolean)
    .join('; ');
  return (
    <button
      type="button"
      class="milvus-nb-indicator-button"
      aria-label={name}
      title={name}
      onClick={() => onClick(kernel.id, current)}
    >
      <Current session={session} />
      {more > 0 && <span class="milvus-nb-indicator-more">+{more}</span>}
      {inTrouble > 0 && <WarnIcon />}
    </button>
  );
}
