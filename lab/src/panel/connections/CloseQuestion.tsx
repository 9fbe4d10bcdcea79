import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Row } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import { consequence } from '../../state/origin';
import { Button } from '../parts/Button';
import { Inset } from '../parts/Inset';
import { HERE, Sentence } from '../parts/Sentence';

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
    <Inset label={trans.__('Disconnect %1?', row.alias)} framed onClose={onKeep}>
      <div>
        <p class="milvus-nb-what">
          <Sentence text={trans.__('Disconnect %1?', HERE)}>
            <span class="milvus-nb-data">{row.alias}</span>
          </Sentence>
        </p>
        <p class="milvus-nb-data">{consequence(row)}</p>
      </div>
      <div class="milvus-nb-inset-buttons" ref={buttons}>
        <Button name={trans.__('Close it')} kind="danger" onClick={onClose} />
        <Button name={trans.__('Keep it')} kind="plain" onClick={onKeep} />
      </div>
    </Inset>
  );
}
