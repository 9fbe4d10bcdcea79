import type { Report, Stage } from '../../protocol/messages';
import { milliseconds, stageWord } from '../../state/format';
import { trans } from '../../state/i18n';
import { FactList } from '../parts/FactList';
import { Note } from '../parts/Note';
import { StageMark } from './Stages';

interface Props {
  /** Of what; the name of the list of stages. */
  label: string;
  report: Report;
}

/** What a check of all layers finds: each stage, then warnings and facts. The failure follows it. */
export function CheckReport({ label, report: { stages, facts, notes } }: Props) {
  return (
    <div class="milvus-nb-report">
      {stages.length > 0 && (
        <ol class="milvus-nb-report-stages" aria-label={label}>
          {stages.map(stage => (
            <StageLine stage={stage} key={stage.name} />
          ))}
        </ol>
      )}
      {notes.map(note => (
        <Note text={note} key={note} />
      ))}
      {facts.length > 0 && <FactList label={trans.__('%1: facts', label)} facts={facts} />}
    </div>
  );
}

function StageLine({ stage }: { stage: Stage }) {
  return (
    <li class="milvus-nb-detail">
      <span class="milvus-nb-stage" data-status={stage.status}>
        <StageMark status={stage.status} />
        <span>{stageWord(stage.name)}</span>
        {stage.ms !== null && <span class="milvus-nb-ms">{milliseconds(stage.ms)}</span>}
      </span>
      <span class="milvus-nb-stage-text milvus-nb-data">{stage.text}</span>
    </li>
  );
}
