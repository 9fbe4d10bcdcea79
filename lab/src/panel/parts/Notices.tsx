import { trans } from '../../state/i18n';
import type { Notice, Store } from '../../state/store';
import { Button } from './Button';
import { FailureText } from './FailureText';
import { CloseIcon } from './icons';
import { HERE, Sentence } from './Sentence';

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
                <Sentence text={trans.__('Disconnected %1.', HERE)}>
                  <span class="milvus-nb-data">{notice.alias}</span>
                </Sentence>
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
            name={trans.__('Dismiss %1', notice.alias)}
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
    <Button
      name={trans.__('Reconnect %1', alias)}
      focusKey={`undo ${alias}`}
      busy={busy}
      onClick={onClick}
    >
      {busy ? trans.__('Reconnecting…') : trans.__('Reconnect')}
    </Button>
  );
}
