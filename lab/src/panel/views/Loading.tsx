import { age } from '../format';

/** Seconds after which it is worth saying why there is no answer yet. */
const LONG = 2;

export function Loading({ waited_s }: { waited_s: number }) {
  return (
    <div class="milvus-nb-empty milvus-nb-loading" role="status">
      <p>
        {waited_s < LONG
          ? 'Asking the kernel…'
          : `The kernel has not answered for ${age(waited_s)}. It may be busy.`}
      </p>
    </div>
  );
}
