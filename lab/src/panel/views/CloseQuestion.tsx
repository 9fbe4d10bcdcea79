import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Row } from '../messages';
import { consequence } from '../origin';
import { Button } from './Button';
import { Inset } from './Inset';

interface Props {
  row: Row;
  onClose: () => void;
  onKeep: () => void;
}

/** Asks before somebody else's connection is closed. */
export function CloseQuestion({ row, onClose, onKeep }: Props) {
  const buttons = useRef<HTMLDivElement>(null);
  useLayoutEffect(
    () => buttons.current?.querySelector<HTMLElement>('button:last-child')?.focus(),
    [],
  );
  return (
    <Inset label={`Disconnect ${row.alias}?`} framed onClose={onKeep}>
      <div>
        <p class="milvus-nb-what">
          Disconnect <span class="milvus-nb-data">{row.alias}</span>?
        </p>
        <p class="milvus-nb-data">{consequence(row)}</p>
      </div>
      <div class="milvus-nb-inset-buttons" ref={buttons}>
        <Button name="Close it" kind="danger" onClick={onClose}>
          Close it
        </Button>
        <Button name="Keep it" kind="plain" onClick={onKeep}>
          Keep it
        </Button>
      </div>
    </Inset>
  );
}
