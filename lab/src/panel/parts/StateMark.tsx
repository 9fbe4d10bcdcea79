import type { RowText } from '../../state/rowText';

// A shape for each state, so that none is told by its colour alone.
const SHAPES: Record<RowText['mark'], preact.JSX.Element> = {
  connected: <circle cx="6" cy="6" r="5" fill="currentColor" />,
  degraded: (
    <>
      <circle class="milvus-nb-line" cx="6" cy="6" r="4.25" />
      <path d="M6 1.75a4.25 4.25 0 0 0 0 8.5z" fill="currentColor" />
    </>
  ),
  unreachable: <circle class="milvus-nb-line" cx="6" cy="6" r="4.25" />,
  rejected: (
    <>
      <circle class="milvus-nb-line" cx="6" cy="6" r="4.25" />
      <path class="milvus-nb-line" d="m4.4 4.4 3.2 3.2m0-3.2L4.4 7.6" />
    </>
  ),
  connecting: <circle class="milvus-nb-line milvus-nb-spin" cx="6" cy="6" r="4.25" />,
  disconnected: <path class="milvus-nb-line" d="M2 6h8" />,
  unknown: <circle class="milvus-nb-line milvus-nb-dots" cx="6" cy="6" r="4.25" />,
};

export function StateMark({ mark }: { mark: RowText['mark'] }) {
  return (
    <svg class="milvus-nb-mark" viewBox="0 0 12 12" aria-hidden="true" data-mark={mark}>
      {SHAPES[mark]}
    </svg>
  );
}
