import type { Row } from '../../protocol/messages';
import type { Actions } from '../../state/actions';
import { trans } from '../../state/i18n';
import type { Action, Check } from '../../state/store';
import { Button } from '../parts/Button';
import { CloseIcon, DisconnectIcon, RetryIcon } from '../parts/icons';
import { RowMenu } from '../parts/RowMenu';
import type { RowHandlers } from './rowHandlers';

interface Props {
  row: Row;
  current: boolean;
  busy: Action | undefined;
  /** The form is connecting it, and has the button that ends that. */
  attempted: boolean;
  check: Check | undefined;
  detailed: boolean;
  /** The kernel is gone: nothing can be done any more. */
  gone: boolean;
  actions: Actions;
  on: RowHandlers;
}

/** What can be done with a connection: the usual as buttons, the rest in a menu. */
export function RowButtons(props: Props) {
  const { row, current, busy, attempted, check, detailed, gone, actions, on } = props;
  const { alias } = row;
  const { insert } = on;
  const connecting = row.own && row.state === 'connecting';
  const failing = row.state === 'unreachable' || row.state === 'rejected';
  return (
    <>
      <div class="milvus-nb-buttons">
        {failing && (
          <Button
            icon
            name={trans.__('Retry %1', alias)}
            busy={busy === 'retry'}
            disabled={gone}
            onClick={() => on.retry(alias)}
          >
            <RetryIcon />
          </Button>
        )}
        {connecting && !attempted && (
          <Button
            icon
            name={trans.__('Cancel %1', alias)}
            busy={busy === 'disconnect'}
            disabled={gone}
            onClick={() => void actions.cancelConnect(alias)}
          >
            <CloseIcon />
          </Button>
        )}
        {!connecting && (
          <Button
            icon
            name={trans.__('Disconnect %1', alias)}
            focusKey={`disconnect ${alias}`}
            busy={busy === 'disconnect'}
            disabled={gone}
            onClick={() => on.disconnect(row)}
          >
            <DisconnectIcon />
            <span class="milvus-nb-button-text">{trans.__('Disconnect')}</span>
          </Button>
        )}
      </div>
      <RowMenu
        alias={alias}
        disabled={gone || connecting}
        items={[
          {
            text: trans.__('Make current'),
            onSelect: () => on.use(alias),
            disabled: current || !row.own,
          },
          { text: trans.__('Ping'), onSelect: () => on.ping(alias) },
          {
            text: trans.__('Check'),
            onSelect: () => on.check(row),
            disabled: check?.endedAt === null,
          },
          {
            text: detailed ? trans.__('Hide details') : trans.__('Details'),
            onSelect: () => on.toggleDetails(alias),
          },
          ...(insert === null
            ? []
            : [{ text: trans.__('Insert code'), onSelect: () => insert(row) }]),
          { text: trans.__('Copy as code'), onSelect: () => on.open(alias, 'code') },
          { text: trans.__('Save as profile'), onSelect: () => on.open(alias, 'save') },
        ]}
      />
    </>
  );
}
