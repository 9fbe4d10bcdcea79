interface Props {
  class?: string;
  /** What is drawn as a line, and what is filled: paths in a square of 12. */
  line?: string;
  fill?: string;
}

function Icon({ class: name = '', line, fill }: Props) {
  return (
    <svg class={`milvus-nb-icon ${name}`} viewBox="0 0 12 12" aria-hidden="true">
      {line !== undefined && <path class="milvus-nb-line" d={line} />}
      {fill !== undefined && <path d={fill} fill="currentColor" />}
    </svg>
  );
}

/** Points down where it is open, to the right where it is not. */
export function ChevronIcon() {
  return <Icon class="milvus-nb-chevron" line="m4.5 2.5 3.5 3.5-3.5 3.5" />;
}

export function DisconnectIcon() {
  return <Icon fill="M6 1.5 10.5 7h-9zM1.5 8.75h9v1.5h-9z" />;
}

export function RetryIcon() {
  return <Icon line="M10 6a4 4 0 1 1-1.2-2.85M10 1.25v2.5H7.5" />;
}

export function FilterIcon() {
  return <Icon line="M8.25 5A3.25 3.25 0 1 1 1.75 5a3.25 3.25 0 0 1 6.5 0M7.5 7.5l3 3" />;
}

export function EyeIcon() {
  return (
    <Icon
      line="M1 6s1.8-3.25 5-3.25S11 6 11 6 9.2 9.25 6 9.25 1 6 1 6z"
      fill="M6 4.6a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8"
    />
  );
}

export function PlusIcon() {
  return <Icon line="M6 2v8M2 6h8" />;
}

/** Into a tray. */
export function ImportIcon() {
  return <Icon line="M6 1.5v6M3.5 5 6 7.5 8.5 5M1.5 8v2.5h9V8" />;
}

export function MoreIcon() {
  return (
    <Icon fill="M2 4.9a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2m4 0a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2m4 0a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2" />
  );
}

export function CloseIcon() {
  return <Icon line="m3 3 6 6m0-6L3 9" />;
}

export function WarnIcon() {
  return <Icon line="M6 1.5 11 10.5H1zM6 5v2.25m0 1.5v.01" />;
}

/** Leads out of the page. */
export function OutIcon() {
  return <Icon class="milvus-nb-out" line="M7 2h3v3M10 2 5.5 6.5M8 7.5V10H2V4h2.5" />;
}
