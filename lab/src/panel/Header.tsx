import { connectionCount } from '../state/format';
import { trans } from '../state/i18n';
import { Button } from './parts/Button';
import { PlusIcon } from './parts/icons';

interface Props {
  connections: number;
  /** Null where another Connect button is on the page, or none would work. */
  onConnect: (() => void) | null;
}

export function Header({ connections, onConnect }: Props) {
  return (
    <header class="milvus-nb-header">
      <h2 class="milvus-nb-title">{trans.__('Milvus')}</h2>
      {connections > 0 && <span class="milvus-nb-count">{connectionCount(connections)}</span>}
      {onConnect !== null && (
        <Button name={trans.__('Connect')} focusKey="connect" onClick={onConnect}>
          <PlusIcon />
          {trans.__('Connect')}
        </Button>
      )}
    </header>
  );
}
