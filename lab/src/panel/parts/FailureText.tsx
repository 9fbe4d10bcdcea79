import type { Failure } from '../../protocol/messages';

interface Props {
  /** Where `what` is empty, as in a report, the reason leads. */
  failure: Failure;
}

/** What happened, why, what to do: the same three lines as in a cell; then how it was seen. */
export function FailureText({ failure: { what, reason, fix, cause, evidence } }: Props) {
  return (
    <>
      <p class="milvus-nb-what">{what || reason}</p>
      {what !== '' && reason !== '' && <p class="milvus-nb-reason">{reason}</p>}
      {fix !== '' && <p class="milvus-nb-fix">{fix}</p>}
      {cause + evidence !== '' && (
        <p class="milvus-nb-evidence">
          {cause !== '' && <code class="milvus-nb-cause">{cause}</code>}{' '}
          <span class="milvus-nb-data">{evidence}</span>
        </p>
      )}
    </>
  );
}
