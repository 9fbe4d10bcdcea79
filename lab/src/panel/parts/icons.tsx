/** Points down where it is open, to the right where it is not. */
export function ChevronIcon() {
  return (
    <svg class="milvus-nb-icon milvus-nb-chevron" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="m4.5 2.5 3.5 3.5-3.5 3.5" />
    </svg>
  );
}

export function DisconnectIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path d="M6 1.5 10.5 7h-9zM1.5 8.75h9v1.5h-9z" fill="currentColor" />
    </svg>
  );
}

export function RetryIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="M10 6a4 4 0 1 1-1.2-2.85M10 1.25v2.5H7.5" />
    </svg>
  );
}

export function FilterIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path
        class="milvus-nb-line"
        d="M8.25 5A3.25 3.25 0 1 1 1.75 5a3.25 3.25 0 0 1 6.5 0M7.5 7.5l3 3"
      />
    </svg>
  );
}

export function EyeIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="M1 6s1.8-3.25 5-3.25S11 6 11 6 9.2 9.25 6 9.25 1 6 1 6z" />
      <circle cx="6" cy="6" r="1.4" fill="currentColor" />
    </svg>
  );
}

export function PlusIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="M6 2v8M2 6h8" />
    </svg>
  );
}

/** Into a tray. */
export function ImportIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="M6 1.5v6M3.5 5 6 7.5 8.5 5M1.5 8v2.5h9V8" />
    </svg>
  );
}

export function MoreIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path
        d="M2 4.9a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2m4 0a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2m4 0a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2"
        fill="currentColor"
      />
    </svg>
  );
}

export function CloseIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="m3 3 6 6m0-6L3 9" />
    </svg>
  );
}

export function WarnIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="M6 1.5 11 10.5H1zM6 5v2.25m0 1.5v.01" />
    </svg>
  );
}

/** Leads out of the page. */
export function OutIcon() {
  return (
    <svg class="milvus-nb-icon milvus-nb-out" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="M7 2h3v3M10 2 5.5 6.5M8 7.5V10H2V4h2.5" />
    </svg>
  );
}
