import { shownCount } from '../state/format';
import { trans } from '../state/i18n';

interface Props {
  value: string;
  shown: number;
  total: number;
  onChange: (value: string) => void;
  onClose: () => void;
}

export function Filter({ value, shown, total, onChange, onClose }: Props) {
  return (
    <div class="milvus-nb-filter">
      <input
        type="search"
        class="milvus-nb-input"
        aria-label={trans.__('Filter connections')}
        placeholder={trans.__('Filter by alias, address, state…')}
        spellcheck={false}
        autocomplete="off"
        value={value}
        data-focus="filter"
        onInput={event => onChange(event.currentTarget.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.preventDefault();
            event.stopPropagation();
            if (value === '') {
              onClose();
            } else {
              onChange('');
            }
          }
        }}
      />
      <span class="milvus-nb-count" role="status">
        {value !== '' && total > 0 && shownCount(shown, total)}
      </span>
    </div>
  );
}
