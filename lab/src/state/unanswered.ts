// What this page has asked and was not answered yet: where it is loaded anew meanwhile, it asks what
// became of it, so that nothing fails without a word. Only ids and aliases, and only of this tab.

const KEY = 'milvus_nb:unanswered';

/** After so many ms nobody waits any more. */
const WAITED_MS = 10 * 60_000;

interface Asked {
  alias: string;
  at: number;
}

/** What was asked before this page was loaded, by the request's id. */
const before = new Map(Object.entries(read()).map(([id, { alias }]) => [Number(id), alias]));

export function leftBehind(): ReadonlyMap<number, string> {
  return before;
}

export function waitFor(id: number, alias: string): void {
  write({ ...read(), [id]: { alias, at: Date.now() } });
}

export function isAnswered(id: number): void {
  const { [id]: _answered, ...others } = read();
  before.delete(id);
  write(others);
}

function read(): Record<string, Asked> {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Record<string, Asked>;
    const fresh = Object.entries(found).filter(([, { at }]) => Date.now() - at < WAITED_MS);
    return Object.fromEntries(fresh);
  } catch {
    return {}; // Not allowed here, or not ours.
  }
}

function write(asked: Record<string, Asked>): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(asked));
  } catch {
    // Not allowed here: then a failure is told to this page, or to nobody.
  }
}
