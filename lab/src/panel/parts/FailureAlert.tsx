import type { Failure } from '../../protocol/messages';
import { FailureText } from './FailureText';

interface Props {
  /** Null leaves the box where it is: a screen reader then says what comes into it. */
  failure: Failure | null;
}

/** A failure in a box of its own, which a screen reader says at once. */
export function FailureAlert({ failure }: Props) {
  return (
    <div class="milvus-nb-result milvus-nb-mod-failed" role="alert">
      {failure !== null && <FailureText failure={failure} />}
    </div>
  );
}
