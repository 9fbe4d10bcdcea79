import type { ComponentChildren } from 'preact';

import type { Actions } from '../actions';
import { credential, database, milliseconds } from '../format';
import type { Ping, Row } from '../messages';
import type { RowText } from '../rowText';
import type { Action, Check } from '../store';
import { Button } from './Button';
import { Details } from './Details';
import { Note } from './Note';
import { RowMenu } from './RowMenu';
import { StateMark } from './StateMark';

export interface RowHandlers {
  disconnect: (alias: string) => void;
  retry: (alias: string) => void;
  use: (alias: string) => void;
  ping: (alias: string) => void;
  toggleDetails: (alias: string) => void;
  check: (row: Row) => void;
}

interface Props {
  row: Row;
  text: RowText;
  current: boolean;
  busy: Action | undefined;
  ping: Ping | undefined;
  check: Check | undefined;
  detailed: boolean;
  /** The kernel is gone: nothing can be done any more. */
  gone: boolean;
  actions: Actions;
  on: RowHandlers;
}

/** One connection: who, where, how it is, and what can be done. */
export function ConnectionRow(props: Props) {
  const { row, text, current, ping, check, detailed, gone, actions } = props;
  return (
    <>
      <StateMark mark={text.mark} />
      <div class="milvus-nb-name">
        <span class="milvus-nb-alias milvus-nb-data" title={row.alias}>
          {row.alias}
        </span>
        {current && !gone && <span class="milvus-nb-current">current</span>}
      </div>
      <Facts class="milvus-nb-where" facts={[row.address, credential(row), database(row)]} />
      <div class="milvus-nb-status">
        <State text={text}>{text.fix === '' && <DetailsLink {...props} />}</State>
        {text.fix !== '' && (
          <p>
            <span class="milvus-nb-data">{text.fix}</span> <DetailsLink {...props} />
          </p>
        )}
        {text.note !== '' && <Note text={text.note} />}
        {ping !== undefined && !gone && (
          <p>
            Ping: min {milliseconds(ping.min_ms)} · median {milliseconds(ping.median_ms)} · max{' '}
            {milliseconds(ping.max_ms)}
          </p>
        )}
      </div>
      <Buttons {...props} />
      {detailed && !gone && <Details row={row} check={check} actions={actions} />}
    </>
  );
}

function Facts({ class: name, facts }: { class: string; facts: string[] }) {
  const shown = facts.filter(fact => fact !== '');
  return (
    <div class={name}>
      {shown.map((fact, index) => (
        <span class="milvus-nb-fact" key={index}>
          <span class="milvus-nb-data">{fact}</span>
        </span>
      ))}
    </div>
  );
}

/** `Connected · v2.3.5 · 0.6 ms · for 12 min`, or `Unreachable for 12 s: connection refused.` */
function State({ text, children }: { text: RowText; children: ComponentChildren }) {
  if (text.reason !== '') {
    return (
      <p class="milvus-nb-state">
        <span class="milvus-nb-word">{text.word}</span>
        {text.duration !== '' && ` ${text.duration}`}
        {': '}
        <span class="milvus-nb-data">{text.reason}</span> {children}
      </p>
    );
  }
  const facts = text.duration === '' ? text.facts : [...text.facts, text.duration];
  return (
    <p class="milvus-nb-state">
      <span class="milvus-nb-fact milvus-nb-word">{text.word}</span>
      {facts.map((fact, index) => (
        <span class="milvus-nb-fact" key={index}>
          <span class="milvus-nb-data">{fact}</span>
        </span>
      ))}
    </p>
  );
}

function DetailsLink({ row, detailed, gone, on }: Props) {
  return (
    <button
      type="button"
      class="milvus-nb-link"
      aria-label={`Details of ${row.alias}`}
      aria-expanded={detailed}
      disabled={gone}
      onClick={() => on.toggleDetails(row.alias)}
    >
      {detailed ? 'Hide details' : 'Details'}
    </button>
  );
}

function Buttons({ row, current, busy, check, detailed, gone, actions, on }: Props) {
  const { alias } = row;
  const connecting = row.state === 'connecting';
  const failing = row.state === 'unreachable' || row.state === 'rejected';
  return (
    <>
      <div class="milvus-nb-buttons">
        {failing && (
          <Button
            name={`Retry ${alias}`}
            busy={busy === 'retry'}
            disabled={gone}
            onClick={() => on.retry(alias)}
          >
            Retry
          </Button>
        )}
        {connecting ? (
          <Button
            name={`Cancel ${alias}`}
            busy={busy === 'disconnect'}
            disabled={gone}
            onClick={() => void actions.cancelConnect(alias)}
          >
            Cancel
          </Button>
        ) : (
          <Button
            name={`Disconnect ${alias}`}
            busy={busy === 'disconnect'}
            disabled={gone}
            onClick={() => on.disconnect(alias)}
          >
            Disconnect
          </Button>
        )}
      </div>
      <RowMenu
        alias={alias}
        disabled={gone || connecting}
        items={[
          { text: 'Make current', onSelect: () => on.use(alias), disabled: current },
          { text: 'Ping', onSelect: () => on.ping(alias) },
          { text: 'Check', onSelect: () => on.check(row), disabled: check?.endedAt === null },
          {
            text: detailed ? 'Hide details' : 'Details',
            onSelect: () => on.toggleDetails(alias),
          },
        ]}
      />
    </>
  );
}
