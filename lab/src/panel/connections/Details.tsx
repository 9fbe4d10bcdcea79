import { useEffect, useRef, useState } from 'preact/hooks';

import type { Fact, Failure, Row } from '../../protocol/messages';
import type { Actions } from '../../state/actions';
import { failureOf } from '../../state/failures';
import { elapsed } from '../../state/clock';
import { age } from '../../state/format';
import { trans } from '../../state/i18n';
import type { Check } from '../../state/store';
import { Button } from '../parts/Button';
import { FactList } from '../parts/FactList';
import { FailureText } from '../parts/FailureText';
import { CheckReport } from '../report/CheckReport';

interface Props {
  row: Row;
  check: Check | undefined;
  actions: Actions;
}

/** All that the kernel knows of a connection, read again after every probe of it; and a check. */
export function Details({ row, check, actions }: Props) {
  const { alias } = row;
  const { said, failure } = useAnswer(
    () => actions.details(alias),
    [alias, row.state, row.since, row.checked_at],
  );

  // Nobody would see what it finds.
  useEffect(() => () => actions.cancelCheck(alias), [alias, row.endpoint, row.db_name]);

  const place = useRef<HTMLDivElement>(null);
  const hasBegun = check?.endedAt === null && check.report.stages.length > 0;
  useEffect(() => {
    if (hasBegun) {
      place.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [hasBegun]);

  return (
    <div class="milvus-nb-details">
      {failure !== null ? (
        <FailureText failure={failure} />
      ) : (
        <FactList
          label={trans.__('Details of %1', alias)}
          facts={said?.facts ?? []}
          busy={said === null}
        />
      )}
      <Rights row={row} actions={actions} />
      <Sources row={row} actions={actions} />
      <div class="milvus-nb-checked" ref={place}>
        <CheckButton row={row} check={check} actions={actions} />
        {check !== undefined && (
          <>
            <CheckReport label={trans.__('Check of %1', alias)} report={check.report} />
            <div class="milvus-nb-result milvus-nb-mod-failed">
              {check.report.failure !== null && <FailureText failure={check.report.failure} />}
            </div>
          </>
        )}
      </div>
    </div>
  );
}

interface Said {
  facts: Fact[];
  /** In ms of the page's clock. */
  at: number;
}

/** What is answered when it is asked, and asked anew where one of `inputs` changes. */
function useAnswer(
  ask: () => Promise<Fact[]>,
  inputs: unknown[],
): { said: Said | null; failure: Failure | null } {
  const [said, setSaid] = useState<Said | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);

  useEffect(() => {
    let current = true;
    ask().then(
      facts => {
        if (current) {
          setSaid({ facts, at: elapsed() });
          setFailure(null);
        }
      },
      (error: unknown) => {
        if (current) {
          setFailure(failureOf(error));
        }
      },
    );
    return () => {
      current = false;
    };
  }, inputs);

  return { said, failure };
}

/** A server is asked once for each time the details are opened, and where its connection changes. */
function place({ alias, endpoint, db_name, state }: Row): unknown[] {
  return [alias, endpoint, db_name, state];
}

/** What the server says over HTTP. */
function Sources({ row, actions }: Omit<Props, 'check'>) {
  const { said, failure } = useAnswer(() => actions.sources(row.alias), place(row));
  if (failure !== null) {
    return <FailureText failure={failure} />;
  }
  if (said?.facts.length === 0) {
    return null; // Milvus Lite speaks no HTTP.
  }
  return (
    <div class="milvus-nb-sources">
      <FactList
        label={trans.__('What %1 says over HTTP', row.alias)}
        facts={said?.facts ?? []}
        busy={said === null}
      />
      <p class="milvus-nb-age">
        {said === null
          ? trans.__('Asking over HTTP…')
          : trans.__('Asked over HTTP %1 ago', age((elapsed() - said.at) / 1000))}
      </p>
    </div>
  );
}

/** The roles and privileges of the user who has signed in; nothing where there are none. */
function Rights({ row, actions }: Omit<Props, 'check'>) {
  const answers = row.state === 'connected' || row.state === 'degraded';
  const { said } = useAnswer(
    () => (answers ? actions.rights(row.alias) : Promise.resolve([])),
    place(row),
  );
  if (said === null || said.facts.length === 0) {
    return null; // Where it fails, the row says why.
  }
  return (
    <div class="milvus-nb-sources">
      <FactList label={trans.__('What you may do on %1', row.alias)} facts={said.facts} />
      <p class="milvus-nb-age">{trans.__('Asked %1 ago', age((elapsed() - said.at) / 1000))}</p>
    </div>
  );
}

function CheckButton({ row, check, actions }: Props) {
  const running = check?.endedAt === null;
  return (
    <div class="milvus-nb-check-button">
      <Button
        name={running ? trans.__('Cancel check %1', row.alias) : trans.__('Check %1', row.alias)}
        kind="plain"
        onClick={() => (running ? actions.cancelCheck(row.alias) : void actions.check(row))}
      >
        {running ? trans.__('Cancel') : trans.__('Check')}
      </Button>
      {check !== undefined && (
        <span class="milvus-nb-age">
          {check.endedAt === null
            ? trans.__('Asking the server…')
            : trans.__('Checked %1 ago', age((elapsed() - check.endedAt) / 1000))}
        </span>
      )}
    </div>
  );
}
