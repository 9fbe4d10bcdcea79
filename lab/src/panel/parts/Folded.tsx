import type { ComponentChildren } from 'preact';

interface Props {
  /** What is always to be seen. */
  summary: string;
  children: ComponentChildren;
}

/** What takes more lines than a narrow list has: it is there for who asks for it. */
export function Folded({ summary, children }: Props) {
  return (
    <details class="milvus-nb-folded">
      <summary class="milvus-nb-data">{summary}</summary>
      <p>{children}</p>
    </details>
  );
}
