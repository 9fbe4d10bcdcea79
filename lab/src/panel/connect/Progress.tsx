import type { Offer, Pasted, Report } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import { FailureAlert } from '../parts/FailureAlert';
import { Note } from '../parts/Note';
import { Stages } from '../report/Stages';
import { pastedText } from './form';
import { OfferButtons } from './OfferButtons';

export type Task = 'connect' | 'test' | 'paste';

interface Props {
  task: Task;
  running: boolean;
  report: Report;
  pasted: Pasted | null;
  /** What was changed by a click, and is to be looked at before it is sent. */
  changed: boolean;
  offers: Offer[];
  alias: string;
  onOffer: (offer: Offer) => void;
}

/** How far a connect, a test or a paste has come, or how it has ended. */
export function Progress(props: Props) {
  const { task, running, report, pasted, changed, offers, alias, onOffer } = props;
  const { stages, failure } = report;
  const hasStages = task === 'connect' && stages.length > 0;
  const passed = task === 'test' && !running && failure === null;
  return (
    <div class="milvus-nb-progress">
      {hasStages && <Stages stages={stages} />}
      <div class="milvus-nb-result" role="status">
        {running && (
          <p class={hasStages ? 'milvus-nb-hidden' : ''}>
            {task === 'paste'
              ? trans.__('Reading what was pasted…')
              : trans.__('Asking the server…')}
          </p>
        )}
        {pasted !== null && <p>{pastedText(pasted)}</p>}
        {pasted?.notes.map(note => (
          <Note text={note} key={note} />
        ))}
        {changed && <p>{trans.__('Changed. Press Connect to try it.')}</p>}
        {passed && <p>{trans.__('Everything answers. Nothing was connected.')}</p>}
      </div>
      <FailureAlert failure={failure} />
      {failure !== null && <OfferButtons offers={offers} alias={alias} onTake={onOffer} />}
    </div>
  );
}
