import { useLayoutEffect, useRef } from 'preact/hooks';

import { elapsed } from '../../state/clock';
import { age } from '../../state/format';
import { trans } from '../../state/i18n';
import type { Doing, PreviewNode } from '../../state/preview';
import { Button } from '../parts/Button';
import { FailureText } from '../parts/FailureText';
import { CloseIcon, RetryIcon } from '../parts/icons';
import { NotTold } from './NotTold';

/** From so many seconds on it is said how long something is waited for. */
const LONG_S = 2;

interface Props {
  node: PreviewNode;
  /** The collection's. */
  name: string;
  /** By the kernel's clock, in Unix seconds. */
  now: number;
  /** Whether the connection's own line says that no server answers. */
  isLost: boolean;
}

/** Some rows of a collection. They are in the page alone, never in the notebook. */
export function PreviewTable({ node, name, now, isLost }: Props) {
  const { found, failure, waitingSince, doing, canLoad } = node;
  return (
    <div class="milvus-nb-preview">
      <div class="milvus-nb-preview-bar">
        <span>
          {doing !== null && <Progress doing={doing} />}
          {doing === null &&
            found !== null &&
            trans.__(
              '%1 · %2 ago',
              trans._n('%1 row', '%1 rows', found.rows.length),
              age(now - found.asked_at),
            )}
          {found === null && waitingSince !== null && trans.__('Reading rows…')}
        </span>
        <Button
          icon
          name={trans.__('Read the rows of %1 again', name)}
          busy={doing !== null}
          onClick={() => node.fetch()}
        >
          <RetryIcon />
        </Button>
        <Button icon name={trans.__('Hide the rows of %1', name)} onClick={() => node.toggle()}>
          <CloseIcon />
        </Button>
      </div>
      {failure !== null && isLost && <NotTold />}
      {failure !== null && !isLost && (
        // What is to be typed into a cell is a button here.
        <FailureText failure={failure.cause === 'released' ? { ...failure, fix: '' } : failure} />
      )}
      {(canLoad || doing?.what === 'load') && (
        <Button
          name={doing === null ? trans.__('Load %1', name) : trans.__('Stop waiting for %1', name)}
          kind="plain"
          onClick={() => (doing === null ? node.load() : node.stopWaiting())}
        >
          {doing !== null
            ? trans.__('Stop waiting')
            : failure?.cause === 'loading'
              ? trans.__('Wait for it')
              : trans.__('Load')}
        </Button>
      )}
      {node.asksToRelease && <ReleaseQuestion node={node} name={name} />}
      {found !== null && found.rows.length > 0 && (
        <div
          class="milvus-nb-preview-scroll"
          role="region"
          aria-label={trans.__('Rows of %1', name)}
          tabIndex={0}
        >
          <table>
            <thead>
              <tr>
                {found.columns.map((column, at) => (
                  <th key={column} scope="col" title={found.types[at]}>
                    <span class="milvus-nb-data">{column}</span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.rows.map((row, at) => (
                <tr key={at}>
                  {row.map((value, column) => (
                    <Cell value={value} key={column} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

/** What is waited for, and since when; a screen reader is told once. */
function Progress({ doing: { what, since, percent } }: { doing: Doing }) {
  const waited = (elapsed() - since) / 1000;
  return (
    <>
      <span role="status">
        {what === 'load'
          ? trans.__("Loading into Milvus's memory…")
          : trans.__("Releasing from Milvus's memory…")}
      </span>
      {percent !== null && ` ${trans.__('%1 %', percent)}`}
      {waited >= LONG_S && ` · ${age(waited)}`}
    </>
  );
}

/** Others may search it just now. */
function ReleaseQuestion({ node, name }: Pick<Props, 'node' | 'name'>) {
  const keep = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => keep.current?.querySelector<HTMLElement>('button:last-child')?.focus(), []);
  return (
    <div role="group" aria-label={trans.__('Release %1?', name)} ref={keep}>
      <p>
        {trans.__(
          'Release %1? Searches of everybody who uses it fail until it is loaded again.',
          name,
        )}
      </p>
      <Button name={trans.__('Release %1', name)} kind="danger" onClick={() => node.release()}>
        {trans.__('Release')}
      </Button>{' '}
      <Button
        name={trans.__('Keep %1 loaded', name)}
        kind="plain"
        onClick={() => node.askToRelease(false)}
      >
        {trans.__('Keep')}
      </Button>
    </div>
  );
}

function Cell({ value }: { value: string | null }) {
  return value === null ? (
    <td class="milvus-nb-null">{trans.__('null')}</td>
  ) : (
    <td title={value}>
      <span class="milvus-nb-data">{value}</span>
    </td>
  );
}
