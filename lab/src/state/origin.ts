// What others have opened in this kernel: who, which variables hold it, and what closing it does.

import type { Row } from '../protocol/messages';
import { trans } from './i18n';

/** The origin of a connection that milvus_nb has opened. */
export const OURS = 'milvus_nb';

/** pymilvus's own aliases, which need no variable to hold them. */
const ALIASES = 'pymilvus connections';

/** So many variables are named; then their number. */
const NAMED = 3;

/** `MilvusClient · used by client, store._milvus_client`, as facts; none for a connection of ours. */
export function originFacts({ origin, users, own }: Row): string[] {
  if (origin === OURS) {
    return [];
  }
  if (users.length > 0) {
    return [origin, usedBy(users)];
  }
  return own || origin === ALIASES
    ? [origin]
    : [origin, trans.__('nobody uses it any more; its socket was left open')];
}

/** Whether somebody else's code may need it. */
export function isUsedElsewhere({ origin, users, own }: Row): boolean {
  return origin !== OURS && (!own || users.length > 0);
}

/** Whether to ask before it is closed: somebody else's code may need it, or its profile says so. */
export function asksFirst(row: Row): boolean {
  return row.confirm || isUsedElsewhere(row);
}

/** What closing it does to others. */
export function consequence({ alias, origin, users, label }: Row): string {
  if (origin === OURS) {
    return label === ''
      ? trans.__('Its profile wants this to be asked.')
      : trans.__('It is marked %1.', label);
  }
  if (users.length > 0) {
    return willStop(users);
  }
  return origin === ALIASES
    ? trans.__("Code that uses pymilvus's alias %1 will stop working.", plainName(alias))
    : trans.__('No variable is known to use it.');
}

/** The name without what says where it was found: `store` for `client:store`. */
export function plainName(name: string): string {
  return name.slice(name.indexOf(':') + 1) || name;
}

/** `used by a, b, c`, or `used by a, b, c and 4 more`. */
function usedBy(users: string[]): string {
  const names = users.slice(0, NAMED).join(', ');
  const rest = users.length - NAMED;
  return rest > 0
    ? trans._n('used by %2 and %1 more', 'used by %2 and %1 more', rest, names)
    : trans.__('used by %1', names);
}

/** `a, b and c use it …`, or `a, b, c and 4 more use it …`. */
function willStop(users: string[]): string {
  const named = users.slice(0, NAMED);
  const rest = users.length - named.length;
  if (rest > 0) {
    return trans._n(
      '%2 and %1 more use it and will stop working.',
      '%2 and %1 more use it and will stop working.',
      rest,
      named.join(', '),
    );
  }
  const last = named.pop();
  return named.length === 0
    ? trans.__('%1 uses it and will stop working.', last)
    : trans.__('%1 and %2 use it and will stop working.', named.join(', '), last);
}
