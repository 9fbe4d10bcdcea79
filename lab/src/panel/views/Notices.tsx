import type { Notice, Store } from '../store';
import { Button } from './Button';
import { FailureText } from './FailureText';
import { CloseIcon } from './icons';

interface Props {
  store: Store;
  onReconnect: (alias: string) => void;
  onDismiss: (notice: Notice) => void;
}

/** What was just done or went wrong, with the way back. */
export function Notices({ store, onReconnect, onDismiss }: Props) {
  return (
    <div class="milvus-nb-notices" aria-live="polite">
      {store.notices.map(notice => (
        <div
          class={`milvus-nb-notice milvus-nb-mod-${notice.kind}`}
          key={`${notice.kind} ${notice.alias}`}
        >
          <div class="milvus-nb-notice-text">
            {notice.kind === 'failed' ? (
              <FailureText failure={notice.failure} />
            ) : (
              <p>
                Disconnected <span class="milvus-nb-data">{notice.alias}</span>.
              </p>
            )}
          </div>
          {notice.kind === 'disconnected' && (
            <Reconnect
              alias={notice.alias}
              busy={store.busy.get(notice.alias) === 'reconnect'}
              onClick={() => onReconnect(notice.alias)}
            />
          )}
          <Button
            name={`Dismiss ${notice.alias}`}
            focusKey={`${notice.kind === 'closed' ? 'undo' : 'dismiss'} ${notice.alias}`}
            onClick={() => onDismiss(notice)}
          >
            <CloseIcon />
          </Button>
        </div>
      ))}
    </div>
  );
}

interface ReconnectProps {
  alias: string;
  busy: boolean;
  onClick: () => void;
}

function Reconnect({ alias, busy, onClick }: ReconnectProps) {
  return (
    <Button name={`Reconnect ${alias}`} focusKey={`undo ${alias}`} busy={busy} onClick={onClick}>
      {busy ? 'Reconnecting…' : 'Reconnect'}
    </Button>
  );
}
