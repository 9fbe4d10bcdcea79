import type { Failure } from '../../protocol/messages';
import { FailureText } from './FailureText';

/** A failure in a box of its own, which a screen reader says at once. */
export function FailureAlert({ failure }: { failure: Failure }) {
  return (
    <div class="milvus-nb-result milvus-nb-mod-failed" role="alert">
      <FailureText failure={failure} />
    </div>
  );
}
