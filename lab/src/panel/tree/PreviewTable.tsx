import { age } from '../../state/format';
import { trans } from '../../state/i18n';
import type { PreviewNode } from '../../state/tree';
import { Button } from '../parts/Button';
import { FailureText } from '../parts/FailureText';
import { CloseIcon, RetryIcon } from '../parts/icons';

interface Props {
  node: PreviewNode;
  /** The collection's. */
  name: string;
  /** By the kernel's clock, in Unix seconds. */
  now: number;
}

/** Some rows of a collection. They are in the page alone, never in the notebook. */
export function PreviewTable({ node, name, now }: Props) {
  const { found, failure, waitingSince } = node;
  return (
    <div class="milvus-nb-preview">
      <div class="milvus-nb-preview-bar">
        <span>
          {found !== null &&
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
          onClick={() => node.fetch()}
        >
          <RetryIcon />
        </Button>
        <Button icon name={trans.__('Hide the rows of %1', name)} onClick={() => node.toggle()}>
          <CloseIcon />
        </Button>
      </div>
      {failure !== null && <FailureText failure={failure} />}
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

function Cell({ value }: { value: string | null }) {
  return value === null ? (
    <td class="milvus-nb-null">{trans.__('null')}</td>
  ) : (
    <td title={value}>
      <span class="milvus-nb-data">{value}</span>
    </td>
  );
}
