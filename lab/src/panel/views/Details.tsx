import { useEffect, useState } from 'preact/hooks';

import { type Actions, failureOf } from '../actions';
import type { Failure, Row } from '../messages';
import { FailureText } from './FailureText';

interface Props {
  row: Row;
  actions: Actions;
}

/** All that the kernel knows of a connection, read again after every check of it. */
export function Details({ row, actions }: Props) {
  const [rows, setRows] = useState<[string, string][] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);

  useEffect(() => {
    let current = true;
    actions.details(row.alias).then(
      rows => {
        if (current) {
          setRows(rows);
          setFailure(null);
        }
      },
      error => {
        if (current) {
          setFailure(failureOf(error));
        }
      },
    );
    return () => {
      current = false;
    };
  }, [row.alias, row.state, row.since, row.checked_at]);

  if (failure !== null) {
    return <FailureText failure={failure} />;
  }
  return (
    <dl class="milvus-nb-details" aria-label={`Details of ${row.alias}`} aria-busy={rows === null}>
      {(rows ?? []).map(([label, value]) => (
        <div class="milvus-nb-detail" key={label}>
          <dt>{label}</dt>
          <dd class="milvus-nb-data">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
