import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import type { MilvusKernel, Phase } from '../kernels/kernel';
import type { ServerProfiles } from '../kernels/serverProfiles';
import { FilesContext } from '../panel/connect/files';
import type { Draft } from '../panel/connect/form';
import { Header } from '../panel/Header';
import { Panel } from '../panel/Panel';
import { SCROLLER, useChanges, useChangesAtOnce } from '../panel/parts/hooks';
import { HandsContext } from '../panel/tree/hands';
import { trans } from '../state/i18n';
import { Lost } from './AfterRestart';
import type { LabActions } from './labActions';
import { KernelessProfiles } from './KernelessProfiles';
import { NoPanel } from './NoPanel';
import { OtherKernels } from './OtherKernels';
import { changing } from './signals';
import { Unanswered } from './Unanswered';

/** What is said with what was connected before a restart. */
const LOST_SAYS_IT = new Set<Phase>(['restarting', 'asking', 'absent', 'loading']);

interface Props {
  kernels: RunningKernels;
  notebook: CurrentNotebook;
  profiles: ServerProfiles;
  lab: LabActions;
  seen: boolean;
}

/** The panel of the notebook in front, and below it the other kernels. */
export function Sidebar({ kernels, notebook, profiles, lab, seen }: Props) {
  useChanges(
    useMemo(() => changing(kernels.changed), [kernels]),
    seen,
  );
  useChangesAtOnce(
    useMemo(() => changing(notebook.changed), [notebook]),
    seen,
  );
  useEffect(() => {
    const watching = seen ? kernels.watchAll() : null;
    return () => watching?.dispose();
  }, [kernels, seen]);

  const { kernel } = notebook;
  const session = kernel?.session ?? null;
  const lost = kernel !== null && kernel.lost.length > 0;
  return (
    <HandsContext.Provider value={lab.hands}>
      <div
        class="milvus-nb-front"
        role="region"
        aria-label={
          session === null
            ? trans.__('Milvus')
            : trans.__('Milvus connections of %1', notebook.name)
        }
      >
        <Header
          session={session}
          on={{
            connect: () => session?.ask({ kind: 'connect' }),
            filter: () => session?.ask({ kind: 'filter' }),
            refresh: () => void kernels.refresh(),
          }}
        >
          {notebook.name !== '' && (
            <span
              class="milvus-nb-front-name"
              title={[notebook.context?.path, notebook.context?.kernelDisplayName].join('\n')}
            >
              <span class="milvus-nb-data">{notebook.name}</span>
              {kernel !== null && (
                <span class="milvus-nb-front-kernel">{notebook.context?.kernelDisplayName}</span>
              )}
            </span>
          )}
        </Header>
        {kernel !== null && <Unanswered kernel={kernel} lab={lab} />}
        {lost && <Lost kernel={kernel} key={kernel.id} />}
        {!(lost && LOST_SAYS_IT.has(kernel.phase)) && (
          <NoPanel notebook={notebook} kernel={kernel} lab={lab} />
        )}
        {kernel?.phase === 'present' && <BusyNote kernel={kernel} />}
        <Panels kernels={kernels} current={kernel} lab={lab} seen={seen} />
        {session === null && (
          <KernelessProfiles
            profiles={profiles}
            kernel={kernel}
            path={notebook.context?.path ?? ''}
            seen={seen}
          />
        )}
      </div>
      <OtherKernels
        kernels={kernels}
        current={kernel}
        path={notebook.context?.path ?? ''}
        lab={lab}
        seen={seen}
      />
    </HandsContext.Provider>
  );
}

/** What was typed into the forms, by kernel: it outlives a restart, and a move to the other side. */
const drafts = new Map<string, Draft>();

function draftFor(id: string): Draft {
  const draft = drafts.get(id) ?? { typed: null };
  drafts.set(id, draft);
  return draft;
}

/** The panels that were in front: what is typed into one outlives a look at another notebook. */
function Panels({
  kernels,
  current,
  lab,
  seen,
}: {
  kernels: RunningKernels;
  current: MilvusKernel | null;
  lab: LabActions;
  seen: boolean;
}) {
  const shown = useRef(new Set<string>());
  const root = useRef<HTMLDivElement>(null);
  useScrollKept(root, current?.id ?? '', seen);
  if (current !== null) {
    shown.current.add(current.id);
  }
  return (
    <div ref={root}>
      {kernels.all().map(kernel =>
        kernel.session !== null && shown.current.has(kernel.id) ? (
          <div key={kernel.id} hidden={kernel !== current}>
            <FilesContext.Provider value={lab.files?.(kernels.userOf(kernel.id).path) ?? null}>
              <Panel
                session={kernel.session}
                seen={seen && kernel === current}
                embedded
                draft={draftFor(kernel.id)}
              />
            </FilesContext.Provider>
          </div>
        ) : null,
      )}
    </div>
  );
}

/** How far each was scrolled outlives a look at another notebook, and at another sidebar. */
function useScrollKept(root: RefObject<HTMLElement | null>, id: string, seen: boolean): void {
  const kept = useRef(new Map<string, number>());
  useLayoutEffect(() => {
    const scroller = root.current?.closest(SCROLLER);
    if (!seen || !scroller) {
      return;
    }
    const keep = (): void => {
      kept.current.set(id, scroller.scrollTop);
    };
    scroller.scrollTop = kept.current.get(id) ?? 0;
    scroller.addEventListener('scroll', keep, { passive: true });
    return () => scroller.removeEventListener('scroll', keep);
  }, [root, id, seen]);
}

/** Where a click has to wait for the cell that runs, it is said before the click. */
function BusyNote({ kernel }: { kernel: MilvusKernel }) {
  return kernel.busySince === null || kernel.answersWhileBusy ? null : (
    <p class="milvus-nb-banner" role="status">
      {trans.__('A cell is running. What you do here takes effect when it ends.')}
    </p>
  );
}
