import type { ComponentChildren, Ref } from 'preact';
import { useState } from 'preact/hooks';

import { trans } from '../../state/i18n';
import { Button } from './Button';
import { useUniqueId } from './hooks';
import { EyeIcon } from './icons';

interface Props {
  label: string;
  name: string;
  /** A password box shows dots. */
  secret?: boolean;
  placeholder?: string;
  initial?: string;
  numeric?: boolean;
  /** What is wrong with the text, or "". */
  problem?: string;
  /** Over half of a wide form, or over all of it. */
  width?: 'half' | 'whole' | undefined;
  inputRef?: Ref<HTMLInputElement>;
  focusKey?: string;
  /** Called with the text at every key. */
  onInput?: (text: string) => void;
  /** Called when the text was changed and the box is left. */
  onLeave?: () => void;
  /** Called with a text before it is put in; true: it is not. */
  onPaste?: (text: string) => boolean;
  /** A button beside the box. */
  children?: ComponentChildren;
}

const WIDTHS = { half: 'milvus-nb-mod-half', whole: 'milvus-nb-mod-wide' };

/** A labelled text box that neither the browser nor a password manager fills or remembers. */
export function Field(props: Props) {
  const { label, problem = '', onInput, onLeave, onPaste } = props;
  const id = useUniqueId();
  const [readable, setReadable] = useState(false);
  // The text as it was copied: in the box it would lose its line breaks.
  const take = (event: Event, data: DataTransfer | null): void => {
    if (onPaste?.(data?.getData('text/plain') ?? '')) {
      event.preventDefault();
    }
  };
  const input = {
    id,
    name: props.name,
    ref: props.inputRef ?? null,
    'data-focus': props.focusKey,
    class: 'milvus-nb-input',
    placeholder: props.placeholder ?? '',
    defaultValue: props.initial ?? '',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: false,
    'data-1p-ignore': true,
    'data-lpignore': 'true',
    'aria-invalid': problem !== '',
    'aria-describedby': problem === '' ? undefined : `${id}-problem`,
    onInput: (event: { currentTarget: HTMLInputElement }) => onInput?.(event.currentTarget.value),
    onChange: () => onLeave?.(),
    onPaste: (event: ClipboardEvent) => take(event, event.clipboardData),
    onDrop: (event: DragEvent) => take(event, event.dataTransfer),
  } as const;
  return (
    <div class={`milvus-nb-field ${props.width ? WIDTHS[props.width] : ''}`}>
      <label class="milvus-nb-label" for={id}>
        {label}
      </label>
      {props.secret ? (
        <div class="milvus-nb-secret">
          {readable ? <input type="text" {...input} /> : <input type="password" {...input} />}
          <Button
            name={readable ? trans.__('Hide what is typed') : trans.__('Show what is typed')}
            icon
            onClick={() => setReadable(!readable)}
          >
            <EyeIcon />
          </Button>
        </div>
      ) : (
        <div class="milvus-nb-box">
          <input type="text" inputMode={props.numeric ? 'decimal' : 'text'} {...input} />
          {props.children}
        </div>
      )}
      {problem !== '' && (
        <p class="milvus-nb-field-problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
