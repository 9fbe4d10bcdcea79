import { Button } from './Button';

export function Empty({ onConnect }: { onConnect: () => void }) {
  return (
    <div class="milvus-nb-empty">
      <p class="milvus-nb-what">No connections in this kernel</p>
      <p>Connect to a Milvus server, to a cloud, or to a file with Milvus Lite.</p>
      <Button name="Connect" kind="primary" focusKey="connect" onClick={onConnect}>
        Connect
      </Button>
    </div>
  );
}
