import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';

import type { Row } from '../../protocol/messages';
import { matches } from '../../state/format';
import { AllRows, type RowsView } from '../../state/listing';
import type { Session } from '../../state/session';
import { useRedraw } from '../parts/hooks';

/** The connections of ours and those of others, as far as they match. */
export interface Lists {
  own: RowsView;
  others: RowsView;
}

/**
 * The lists of a view. Of many connections only those in sight are asked for, where it is seen.
 */
export function useLists(session: Session, filter: string, seen: boolean): Lists {
  const { store } = session;
  const draw = useRedraw();
  const listed = useMemo(
    () => [session.listing(true, draw), session.listing(false, draw)] as const,
    [session],
  );
  useEffect(() => () => listed.forEach(one => session.unlist(one)), [session, listed]);
  const isMany = store.many !== null;
  const hasOthers = store.count.others > 0;
  // A filter finds states, too, which change where the order does not.
  const version = filter === '' ? store.order : store.told;
  // Not after the next frame: a list that is not there yet is waited for.
  useLayoutEffect(() => {
    if (isMany && seen) {
      listed[0].update(filter, version);
      if (hasOthers || listed[1].length > 0) {
        listed[1].update(filter, version);
      }
    }
  }, [listed, isMany, hasOthers, seen, filter, version]);
  if (isMany) {
    return { own: listed[0], others: listed[1] };
  }
  const rows = [...store.rows.values()].filter(row => filter === '' || matches(row, filter));
  return {
    own: new AllRows(rows.filter(row => row.own)),
    others: new AllRows(rows.filter(row => !row.own).sort(byName)),
  };
}

function byName(one: Row, two: Row): number {
  return one.alias.localeCompare(two.alias, 'en', { numeric: true });
}
