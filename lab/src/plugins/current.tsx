import { Label } from '../panel/parts/Label';
import { StateMark } from '../panel/parts/StateMark';
import type { Row } from '../protocol/messages';
import { trans } from '../state/i18n';
import type { RowText } from '../state/rowText';
import type { Session } from '../state/session';

/** The current connection of a kernel, in a few words. */
export function Current({ session }: { session: Session }) {
  const found = currentOf(session);
  return found === null ? (
    <span>{trans.__('Milvus')}</span>
  ) : (
    <>
      <StateMark mark={found.text.mark} />
      <span class="milvus-nb-current-alias">{found.row.alias}</span>
      <Label label={found.row.label} color={found.row.color} />
      {found.text.mark !== 'connected' && <span>{found.text.word}</span>}
    </>
  );
}

/** The same, in full. */
export function told(session: Session): string {
  const found = currentOf(session);
  if (found === null) {
    // Nothing becomes current by itself.
    return session.store.count.all > 0
      ? trans.__('no connection is current')
      : trans.__('nothing is connected');
  }
  const { row, text } = found;
  const name = [row.alias, row.label].filter(Boolean).join(', ');
  return [`${name}, ${text.word.toLowerCase()}`, text.failing?.reason].filter(Boolean).join(': ');
}

function currentOf(session: Session): { row: Row; text: RowText } | null {
  const row = session.store.rows.get(session.store.current ?? '');
  return row === undefined ? null : { row, text: session.textOf(row) };
}
