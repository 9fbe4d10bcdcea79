import type { Fact } from '../../protocol/messages';
import { isWeb } from '../../state/format';
import { trans } from '../../state/i18n';
import { OutIcon } from './icons';

interface Props {
  label: string;
  facts: Fact[];
  busy?: boolean;
}

/** Labels and what is known, in two columns. */
export function FactList({ label, facts, busy = false }: Props) {
  return (
    <dl class="milvus-nb-facts" aria-label={label} aria-busy={busy}>
      {facts.map(([label, value, href]) => (
        <div class="milvus-nb-detail" key={label}>
          <dt>{label}</dt>
          <dd class="milvus-nb-data">
            {href !== undefined && isWeb(href) ? <Link href={href} text={value} /> : value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Link({ href, text }: { href: string; text: string }) {
  return (
    <a class="milvus-nb-link" href={href} target="_blank" rel="noopener noreferrer">
      {text}
      <OutIcon />
      <span class="milvus-nb-hidden"> {trans.__('(opens a new tab)')}</span>
    </a>
  );
}
