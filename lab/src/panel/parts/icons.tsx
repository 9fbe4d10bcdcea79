export function PlusIcon() {
  return (
    <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d="M6 2v8M2 6h8" />
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
