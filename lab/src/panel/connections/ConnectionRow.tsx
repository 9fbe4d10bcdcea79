import type { ComponentChildren } from 'preact';

import type { Ping, Row } from '../../protocol/messages';
import type { Actions } from '../../state/actions';
import { age, credential, database, milliseconds } from '../../state/format';
import { trans } from '../../state/i18n';
import { originFacts } from '../../state/origin';
import type { RowText } from '../../state/rowText';
import type { Action, Check } from '../../state/store';
import { forRow, offerText } from '../connect/offers';
import { Button } from '../parts/Button';
import { Facts } from '../parts/Facts';
import { Name } from '../parts/Name';
import { Note } from '../parts/Note';
import { Opener } from '../parts/Opener';
import { StateMark } from '../parts/StateMark';
import { Details } from './Details';
import { RowButtons } from './RowButtons';
import type { RowHandlers } from './rowHandlers';

interface Props {
  row: Row;
  text: RowText;
  current: boolean;
  busy: Action | undefined;
  attempted: boolean;
  ping: Ping | undefined;
  check: Check | undefined;
  detailed: boolean;
  /** Whether what is in its databases is shown, and that. */
  isOpen: boolean;
  tree: ComponentChildren;
  /** For how long what is shown of them is known, in seconds; null where nothing is. */
  openedFor: number | null;
  /** The kernel is gone: nothing can be done any more. */
  gone: boolean;
  actions: Actions;
  on: RowHandlers;
  /** What was opened in the row. */
  children: ComponentChildren;
}

/**
 * One connection: a line of who, how it is, and what can be done; where there is room, also where.
 * What is wrong stands below it, and so does what was opened.
 */
export function ConnectionRow(props: Props) {
  const { row, text, current, ping, check, detailed, isOpen, openedFor, tree } = props;
  const { gone, actions, on, children } = props;
  const { alias } = row;
  const { press } = on;
  const isCurrent = current && !gone;
  const where = [row.address, credential(row), database(row)];
  const asOf = openedFor === null ? '' : trans.__('Databases read %1 ago', age(openedFor));
  return (
    <>
      <div class="milvus-nb-row-line">
        <Opener alias={alias} isOpen={isOpen} disabled={gone} onClick={() => on.toggleTree(row)} />
        <StateMark mark={text.mark} />
        <Name
          name={alias}
          label={row.label}
          color={row.color}
          title={[
            isCurrent ? trans.__('%1 (current)', alias) : alias,
            ...where,
            [text.word, ...text.facts, text.duration].filter(Boolean).join(' · '),
            asOf,
          ]
            .filter(Boolean)
            .join('\n')}
          onPress={press === null ? null : event => press(row, event)}
        >
          {isCurrent && (
            <span class="milvus-nb-beside milvus-nb-current">{trans.__('current')}</span>
          )}
          <span class="milvus-nb-short" aria-hidden="true">
            {text.short}
          </span>
        </Name>
        <Facts class="milvus-nb-where" facts={where} />
        <State text={text} />
        <RowButtons {...props} />
      </div>
      <div class="milvus-nb-told">
        {text.failing !== null && (
          <>
            <p>
              <span class="milvus-nb-short" aria-hidden="true">
                {text.short}:{' '}
              </span>
              <span class="milvus-nb-data">{text.failing.reason}</span>
            </p>
            <p>
              <span class="milvus-nb-data">{text.failing.fix}</span> <DetailsLink {...props} />
            </p>
            <Mending {...props} />
          </>
        )}
        {text.note !== '' && <Note text={text.note} />}
        <Origin {...props} />
        {ping !== undefined && !gone && (
          <p>
            {trans.__(
              'Ping: min %1 · median %2 · max %3',
              milliseconds(ping.min_ms),
              milliseconds(ping.median_ms),
              milliseconds(ping.max_ms),
            )}
          </p>
        )}
      </div>
      {!gone && (
        <div class="milvus-nb-below">
          {children}
          {detailed && <Details row={row} check={check} actions={actions} />}
        </div>
      )}
      {!gone && tree}
    </>
  );
}

/** `Connected · v2.3.5 · 0.6 ms · for 12 min`; in a narrow line it is for screen readers alone. */
function State({ text: { word, facts, duration } }: { text: RowText }) {
  const shown = duration === '' ? facts : [...facts, duration];
  return (
    <p class="milvus-nb-state milvus-nb-dotted">
      <span class="milvus-nb-fact milvus-nb-word">{word}</span>
      {shown.map((fact, index) => (
        <span class="milvus-nb-fact" key={index}>
          <span class="milvus-nb-data">{fact}</span>
        </span>
      ))}
    </p>
  );
}

/** Who else has opened it; and where it has none yet, the way to an alias. */
function Origin({ row, gone, on }: Props) {
  const facts = originFacts(row);
  return facts.length === 0 ? null : (
    <Facts class="milvus-nb-origin" facts={facts}>
      {!row.own && (
        <button
          type="button"
          class="milvus-nb-link"
          aria-label={trans.__('Give an alias to %1', row.alias)}
          data-focus={`alias ${row.alias}`}
          disabled={gone}
          onClick={() => on.open(row.alias, 'alias')}
        >
          {trans.__('Give an alias')}
        </button>
      )}
    </Facts>
  );
}

/** What can be done about its trouble, in the form. */
function Mending({ row, gone, on }: Props) {
  const offers = row.own && !gone ? forRow(row.offers ?? [], row.profile !== '') : [];
  return offers.length === 0 ? null : (
    <div class="milvus-nb-offers">
      {offers.map(offer => {
        const text = offerText(offer, row.alias);
        return (
          <Button
            name={trans.__('%1 (%2)', text, row.alias)}
            kind="plain"
            key={text}
            onClick={() => on.mend(row, offer)}
          >
            <span class="milvus-nb-data">{text}</span>
          </Button>
        );
      })}
    </div>
  );
}

function DetailsLink({ row, detailed, gone, on }: Props) {
  return (
    <button
      type="button"
      class="milvus-nb-link"
      aria-label={trans.__('Details of %1', row.alias)}
      aria-expanded={detailed}
      disabled={gone}
      onClick={() => on.toggleDetails(row.alias)}
    >
      {detailed ? trans.__('Hide details') : trans.__('Details')}
    </button>
  );
}
