import { useEffect, useMemo, useRef } from 'preact/hooks';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import type { MilvusKernel, Phase } from '../kernels/kernel';
import type { ServerProfiles } from '../kernels/serverProfiles';
import { Header } from '../panel/Header';
import { Panel } from '../panel/Panel';
import { useChanges, useChangesAtOnce } from '../panel/parts/hooks';
import { HandsContext } from '../panel/tree/hands';
import { trans } from '../state/i18n';
import { Lost } from './AfterRestart';
import type { Doors } from './doors';
import { KernelessProfiles } from './KernelessProfiles';
import { NoPanel } from './NoPanel';
import { OtherKernels } from './OtherKernels';
import { changing } from './signals';

/** What is said with what was connected before a restart. */
const LOST_SAYS_IT = new Set<Phase>(['restarting', 'asking', 'absent', 'loading']);

interface Props {
  hub: RunningKernels;
  front: CurrentNotebook;
  profiles: ServerProfiles;
  doors: Doors;
  seen: boolean;
}

/** The panel of the notebook in front, and below it the other kernels. */
export function Sidebar({ hub, front, profiles, doors, seen }: Props) {
  useChanges(
    useMemo(() => changing(hub.changed), [hub]),
    seen,
  );
  useChangesAtOnce(
    useMemo(() => changing(front.changed), [front]),
    seen,
  );
  useEffect(() => {
    const watching = seen ? hub.watchAll() : null;
    return () => watching?.dispose();
  }, [hub, seen]);

  const { kernel } = front;
  const session = kernel?.session ?? null;
  const lost = kernel !== null && kernel.lost.length > 0;
  return (
    <HandsContext.Provider value={doors.hands}>
      <div
        class="milvus-nb-front"
        role={session === null ? undefined : 'region'}
        aria-label={session === null ? undefined : trans.__('Milvus connections of %1', front.name)}
      >
        <Header
          session={session}
          on={{
            connect: () => session?.ask({ kind: 'connect' }),
            filter: () => session?.ask({ kind: 'filter' }),
            refresh: () => void hub.refresh(),
          }}
        >
          {front.name !== '' && (
            <span
              class="milvus-nb-front-name"
              title={[front.context?.path, front.context?.kernelDisplayName].join('\n')}
            >
              <span class="milvus-nb-data">{front.name}</span>
              {kernel !== null && (
                <span class="milvus-nb-front-kernel">{front.context?.kernelDisplayName}</span>
              )}
            </span>
          )}
        </Header>
        {lost && <Lost kernel={kernel} key={kernel.id} />}
        {!(lost && LOST_SAYS_IT.has(kernel.phase)) && (
          <NoPanel front={front} kernel={kernel} doors={doors} />
        )}
        {kernel?.phase === 'present' && <BusyNote kernel={kernel} />}
        <Panels hub={hub} front={kernel} seen={seen} />
        {session === null && (
          <KernelessProfiles
            profiles={profiles}
            kernel={kernel}
            path={front.context?.path ?? ''}
            seen={seen}
          />
        )}
      </div>
      <OtherKernels
        hub={hub}
        front={kernel}
        path={front.context?.path ?? ''}
        doors={doors}
        seen={seen}
      />
    </HandsContext.Provider>
  );
}

/** The panels that were in front: what is typed into one outlives a look at another notebook. */
function Panels({
  hub,
  front,
  seen,
}: {
  hub: RunningKernels;
  front: MilvusKernel | null;
  seen: boolean;
}) {
  const shown = useRef(new Set<string>());
  if (front !== null) {
    shown.current.add(front.id);
  }
  return (
    <>
      {hub.all().map(kernel =>
        kernel.session !== null && shown.current.has(kernel.id) ? (
          <div key={kernel.id} hidden={kernel !== front}>
            <Panel session={kernel.session} seen={seen && kernel === front} embedded />
          </div>
        ) : null,
      )}
    </>
  );
}

/** Where a click has to wait for the cell that runs, it is said before the click. */
function BusyNote({ kernel }: { kernel: MilvusKernel }) {
  return kernel.busySince === null || kernel.answersWhileBusy ? null : (
    <p class="milvus-nb-banner" role="status">
      {trans.__('A cell is running. What you do here takes effect when it ends.')}
    </p>
  );
}
