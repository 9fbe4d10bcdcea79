import type { Fact } from '../messages';

interface Props {
  label: string;
  facts: Fact[];
  busy?: boolean;
}

/** Labels and what is known, in two columns. */
export function FactList({ label, facts, busy = false }: Props) {
  return (
    <dl class="milvus-nb-facts" aria-label={label} aria-busy={busy}>
      {facts.map(([label, value]) => (
        <div class="milvus-nb-detail" key={label}>
          <dt>{label}</dt>
          <dd class="milvus-nb-data">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
