import type { Failure } from '../messages';

/** What happened, why, what to do: the same three lines as in a cell. */
export function FailureText({ failure }: { failure: Failure }) {
  return (
    <>
      <p class="milvus-nb-what">{failure.what}</p>
      {failure.why !== '' && <p class="milvus-nb-why">{failure.why}</p>}
      {failure.fix !== '' && <p class="milvus-nb-fix">{failure.fix}</p>}
    </>
  );
}
