import type { ComponentChildren } from 'preact';

interface Props {
  class: string;
  facts: string[];
  /** What follows them. */
  children?: ComponentChildren;
}

/** Facts with dots between them. */
export function Facts({ class: name, facts, children }: Props) {
  const shown = facts.filter(fact => fact !== '');
  return (
    <div class={`milvus-nb-dotted ${name}`} title={shown.join('\n')}>
      {shown.map((fact, index) => (
        <span class="milvus-nb-fact" key={index}>
          <span class="milvus-nb-data">{fact}</span>
        </span>
      ))}
      {children}
    </div>
  );
}
