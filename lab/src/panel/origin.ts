// What others have opened in this kernel: who, which variables hold it, and what closing it does.

import type { Row } from './messages';

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
    return [origin, `used by ${list(users, ', ')}`];
  }
  return own || origin === ALIASES
    ? [origin]
    : [origin, 'nobody uses it any more; its socket was left open'];
}

/** Whether to ask before it is closed: somebody else's code may need it. */
export function asksFirst({ origin, users, own }: Row): boolean {
  return origin !== OURS && (!own || users.length > 0);
}

/** What closing it does to others. */
export function consequence({ alias, origin, users }: Row): string {
  if (users.length > 0) {
    const use = users.length === 1 ? 'uses' : 'use';
    return `${list(users, ' and ')} ${use} it and will stop working.`;
  }
  return origin === ALIASES
    ? `Code that uses pymilvus's alias ${plainName(alias)} will stop working.`
    : 'No variable is known to use it.';
}

/** The name without what says where it was found: `store` for `client:store`. */
export function plainName(name: string): string {
  return name.slice(name.indexOf(':') + 1) || name;
}

/** `a and b`, `a, b and c`; or all with commas, as `a, b, c and 4 more`. */
function list(users: string[], last: ', ' | ' and '): string {
  const named = users.slice(0, NAMED);
  const rest = users.length - named.length;
  if (rest > 0) {
    return `${named.join(', ')} and ${rest} more`;
  }
  const end = named.at(-1) ?? '';
  return named.length > 1 ? named.slice(0, -1).join(', ') + last + end : end;
}
