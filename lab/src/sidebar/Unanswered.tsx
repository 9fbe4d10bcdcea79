import type { MilvusKernel } from '../kernels/kernel';
import { Button } from '../panel/parts/Button';
import { elapsed } from '../state/clock';
import { trans } from '../state/i18n';
import type { LabActions } from './labActions';

/** Seconds of silence after which it is not only late: what is left to do is said. */
const LONG = 15;

/** A kernel that says nothing for long, although no cell of it is known to run. */
export function Unanswered({ kernel, lab }: { kernel: MilvusKernel; lab: LabActions }) {
  const { restartKernel } = lab;
  return kernel.busySince !== null || silence_s(kernel) < LONG ? null : (
    <div class="milvus-nb-banner" role="status">
      <p class="milvus-nb-what">{trans.__('The kernel itself does not answer.')}</p>
      <p>
        {trans.__(
          'If no cell runs, reload the page. Where that does not help, restart the kernel.',
        )}
      </p>
      {restartKernel !== null && (
        <Button name={trans.__('Restart the kernel')} kind="plain" onClick={restartKernel}>
          {trans.__('Restart the kernel…')}
        </Button>
      )}
    </div>
  );
}

function silence_s({ phase, since, session, isOffline }: MilvusKernel): number {
  if (isOffline) {
    return 0; // it cannot be heard
  }
  if (phase === 'asking' || phase === 'loading') {
    return (elapsed() - since) / 1000;
  }
  const link = session?.link;
  const waits = link?.status === 'opening' || link?.status === 'silent';
  return waits ? (elapsed() - link.heardAt) / 1000 : 0;
}
