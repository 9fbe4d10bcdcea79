import type { Failure } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import { Folded } from './Folded';

interface Props {
  /** Where `what` is empty, as in a report, the reason leads. */
  failure: Failure;
  /** Whether what takes many lines to do is folded away. */
  isFolded?: boolean;
}

/** So many characters are two lines of a narrow list. */
const SHORT = 70;

/** What happened, why, what to do: the same three lines as in a cell; then how it was seen. */
export function FailureText({ failure, isFolded = false }: Props) {
  const { what, reason, fix, cause, evidence } = failure;
  return (
    <>
      <p class="milvus-nb-what">{what || reason}</p>
      {what !== '' && reason !== '' && <p>{reason}</p>}
      {isFolded && fix.length > SHORT ? (
        <Folded summary={trans.__('What to do')}>{fix}</Folded>
      ) : (
        fix !== '' && <p>{fix}</p>
      )}
      {cause + evidence !== '' && (
        <p class="milvus-nb-evidence">
          {cause !== '' && <code class="milvus-nb-cause">{cause}</code>}{' '}
          <span class="milvus-nb-data">{evidence}</span>
        </p>
      )}
    </>
  );
}
