/** The first of `default`, `default-2`, `default-3`, … that no connection has. */
export function freeAlias(taken: { has(alias: string): boolean }, wanted = 'default'): string {
  let alias = wanted;
  for (let n = 2; taken.has(alias); n++) {
    alias = `${wanted}-${n}`;
  }
  return alias;
}
