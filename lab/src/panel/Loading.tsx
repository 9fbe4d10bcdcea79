import type { Failure } from '../protocol/messages';
import { age } from '../state/format';
import { trans } from '../state/i18n';
import { FailureText } from './parts/FailureText';

/** Seconds after which it is worth saying why there is no answer yet. */
const LONG = 2;

interface Props {
  waited_s: number;
  /** The page has no way to the kernel. */
  isOffline: boolean;
  refusal: Failure | null;
}

export function Loading({ waited_s, isOffline, refusal }: Props) {
  if (refusal !== null) {
    return (
      <div class="milvus-nb-empty" role="alert">
        <FailureText failure={refusal} />
      </div>
    );
  }
  return (
    <div class="milvus-nb-empty milvus-nb-loading" role="status">
      <p>
        {waited_s < LONG
          ? trans.__('Asking the kernel…')
          : isOffline
            ? trans.__('This page is not connected to the Jupyter server.')
            : trans.__('The kernel has not answered for %1. It may be busy.', age(waited_s))}
      </p>
    </div>
  );
}
