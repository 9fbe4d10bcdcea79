import { useRef, useState } from 'preact/hooks';

import { trans } from '../../state/i18n';
import { Button } from '../parts/Button';
import { useUniqueId } from '../parts/hooks';
import { ChevronIcon } from '../parts/icons';
import { Menu } from '../parts/RowMenu';

interface Props {
  /** What it does: connect, connect and save, or save what is connected. */
  text: string;
  busy: boolean;
  /** Whether what is connected can be saved, too. */
  canSave: boolean;
  onChoose: (saves: boolean) => void;
}

/** Connects; its arrow has it save a profile, too. */
export function ConnectButton({ text, busy, canSave, onChoose }: Props) {
  const arrow = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const id = useUniqueId();
  return (
    <div class="milvus-nb-split">
      <Button name={text} kind="primary" submit busy={busy}>
        {text}
      </Button>
      {canSave && (
        <button
          ref={arrow}
          type="button"
          class="milvus-nb-button milvus-nb-mod-primary milvus-nb-split-arrow"
          aria-label={trans.__('Connect, or save and connect')}
          title={trans.__('Connect, or save and connect')}
          aria-haspopup="menu"
          aria-expanded={isOpen}
          aria-controls={isOpen ? id : undefined}
          disabled={busy}
          onClick={() => setOpen(true)}
          onKeyDown={event => {
            if (event.key === 'ArrowDown') {
              event.preventDefault();
              setOpen(true);
            }
          }}
        >
          <ChevronIcon />
        </button>
      )}
      {isOpen && (
        <Menu
          id={id}
          label={trans.__('Connect, or save and connect')}
          items={[
            { text: trans.__('Connect'), onSelect: () => onChoose(false) },
            { text: trans.__('Save & Connect'), onSelect: () => onChoose(true) },
          ]}
          place="button"
          button={arrow.current}
          onClose={() => setOpen(false)}
        />
      )}
    </div>
  );
}
