import type { Stage } from '../../protocol/messages';
import { milliseconds, stageStatusWord, stageWord } from '../../state/format';
import { trans } from '../../state/i18n';

const SHAPES: Record<Stage['status'], preact.JSX.Element> = {
  pending: <circle cx="6" cy="6" r="1.25" fill="currentColor" />,
  running: <circle class="milvus-nb-line milvus-nb-spin" cx="6" cy="6" r="4.25" />,
  ok: <path class="milvus-nb-line" d="m2.5 6.5 2.5 2.5 4.5-6" />,
  failed: <path class="milvus-nb-line" d="m3 3 6 6m0-6L3 9" />,
  skipped: <path class="milvus-nb-line" d="M3.5 6h5" />,
};

/** A stage's shape, and its word for those who do not see it. */
export function StageMark({ status }: { status: Stage['status'] }) {
  return (
    <>
      <svg class="milvus-nb-icon" viewBox="0 0 12 12" aria-hidden="true">
        {SHAPES[status]}
      </svg>
      <span class="milvus-nb-hidden">{stageStatusWord(status)}</span>
    </>
  );
}

/** How far an attempt has come, stage by stage, while it runs. */
export function Stages({ stages }: { stages: Stage[] }) {
  return (
    <ol class="milvus-nb-stages" aria-label={trans.__('Connection check')}>
      {stages.map(stage => (
        <li class="milvus-nb-stage" data-status={stage.status} key={stage.name} title={stage.text}>
          <span>{stageWord(stage.name)}</span>
          <StageMark status={stage.status} />
          {stage.ms !== null && <span class="milvus-nb-ms">{milliseconds(stage.ms)}</span>}
        </li>
      ))}
    </ol>
  );
}
