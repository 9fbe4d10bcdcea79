import type { Actions } from '../actions';
import type { Row } from '../messages';
import type { Action, Check } from '../store';
import { Button } from './Button';
import type { RowHandlers } from './ConnectionRow';
import { RowMenu } from './RowMenu';

interface Props {
  row: Row;
  current: boolean;
  busy: Action | undefined;
  check: Check | undefined;
  detailed: boolean;
  /** The kernel is gone: nothing can be done any more. */
  gone: boolean;
  actions: Actions;
  on: RowHandlers;
}

/** What can be done with a connection: the usual as buttons, the rest in a menu. */
export function RowButtons({ row, current, busy, check, detailed, gone, actions, on }: Props) {
  const { alias } = row;
  const connecting = row.own && row.state === 'connecting';
  const failing = row.state === 'unreachable' || row.state === 'rejected';
  return (
    <>
      <div class="milvus-nb-buttons">
        {failing && (
          <Button
            name={`Retry ${alias}`}
            busy={busy === 'retry'}
            disabled={gone}
            onClick={() => on.retry(alias)}
          >
            Retry
          </Button>
        )}
        {connecting ? (
          <Button
            name={`Cancel ${alias}`}
            busy={busy === 'disconnect'}
            disabled={gone}
            onClick={() => void actions.cancelConnect(alias)}
          >
            Cancel
          </Button>
        ) : (
          <Button
            name={`Disconnect ${alias}`}
            focusKey={`disconnect ${alias}`}
            busy={busy === 'disconnect'}
            disabled={gone}
            onClick={() => on.disconnect(row)}
          >
            Disconnect
          </Button>
        )}
      </div>
      <RowMenu
        alias={alias}
        disabled={gone || connecting}
        items={[
          { text: 'Make current', onSelect: () => on.use(alias), disabled: current || !row.own },
          { text: 'Ping', onSelect: () => on.ping(alias) },
          { text: 'Check', onSelect: () => on.check(row), disabled: check?.endedAt === null },
          {
            text: detailed ? 'Hide details' : 'Details',
            onSelect: () => on.toggleDetails(alias),
          },
          { text: 'Copy as code', onSelect: () => on.open(alias, 'code') },
        ]}
      />
    </>
  );
}
