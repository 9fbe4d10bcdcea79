/** What a connection is called where nobody gives it a name. */
export const DEFAULT_ALIAS = 'default';

/** The first of `default`, `default-2`, `default-3`, … that no connection has. */
export function freeAlias(taken: { has(alias: string): boolean }, wanted = DEFAULT_ALIAS): string {
  let alias = wanted;
  for (let n = 2; taken.has(alias); n++) {
    alias = `${wanted}-${n}`;
  }
  return alias;
}
