import type { ComponentChildren } from 'preact';

interface Props {
  /** The accessible name. */
  label: string;
  /** Whether it stands in a frame. */
  framed?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A part of a row that was opened to ask or to show something. Its keys are its own. */
export function Inset({ label, framed = false, onClose, children }: Props) {
  return (
    <div
      class={`milvus-nb-inset ${framed ? 'milvus-nb-mod-framed' : ''}`}
      role="group"
      aria-label={label}
      onKeyDown={event => {
        event.stopPropagation(); // the list would take the arrow keys
        if (event.key === 'Escape') {
          event.preventDefault();
          onClose();
        }
      }}
    >
      {children}
    </div>
  );
}
