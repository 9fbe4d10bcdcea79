import type { ComponentChildren, MouseEventHandler } from 'preact';

interface Props {
  /** The accessible name; it begins with the visible text. */
  name: string;
  /** What is seen; the name where nothing is given. */
  children?: ComponentChildren;
  onClick?: MouseEventHandler<HTMLButtonElement>;
  kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  submit?: boolean;
  /** Not to be pressed just now; it keeps the focus. */
  busy?: boolean;
  disabled?: boolean;
  focusKey?: string;
  /** Shows a picture alone: its name is its tooltip. */
  icon?: boolean;
  class?: string;
}

export function Button(props: Props) {
  const { name, children = name, onClick, kind = 'quiet', busy = false, disabled = false } = props;
  return (
    <button
      type={props.submit ? 'submit' : 'button'}
      class={`milvus-nb-button milvus-nb-mod-${kind} ${props.icon ? 'milvus-nb-mod-icon' : ''} ${props.class ?? ''}`}
      aria-label={name}
      title={props.icon ? name : undefined}
      aria-disabled={busy}
      disabled={disabled}
      data-focus={props.focusKey}
      onClick={event => {
        // A double click on what does something means it once.
        if (busy || (kind !== 'quiet' && event.detail > 1)) {
          event.preventDefault();
        } else {
          onClick?.(event);
        }
      }}
    >
      {children}
    </button>
  );
}
