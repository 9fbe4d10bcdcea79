import { trans } from '../state/i18n';
import { Button } from './parts/Button';

export function Empty({ onConnect }: { onConnect: () => void }) {
  return (
    <div class="milvus-nb-empty">
      <p class="milvus-nb-what">{trans.__('No connections in this kernel')}</p>
      <p>{trans.__('Connect to a Milvus server, to a cloud, or to a file with Milvus Lite.')}</p>
      <Button name={trans.__('Connect')} kind="primary" focusKey="connect" onClick={onConnect} />
    </div>
  );
}
