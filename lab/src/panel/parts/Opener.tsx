import { trans } from '../../state/i18n';
import { ChevronIcon } from './icons';

interface Props {
  alias: string;
  isOpen: boolean;
  disabled: boolean;
  onClick: () => void;
}

/** Opens what is in the databases of a connection, and closes it. */
export function Opener({ alias, isOpen, disabled, onClick }: Props) {
  return (
    <button
      type="button"
      class="milvus-nb-opener"
      tabIndex={-1} // the row's arrow keys do the same
      aria-label={trans.__('Open %1', alias)}
      aria-expanded={isOpen}
      disabled={disabled}
      onClick={onClick}
    >
      <ChevronIcon />
    </button>
  );
}
