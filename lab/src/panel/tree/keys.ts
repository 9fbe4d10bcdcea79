import type { TreeRow } from '../../state/treeRows';
import { nameOf } from './words';

/** Where a key leads: to a row, to open or close this one, or out of the tree to its connection. */
export type Move = number | 'toggle' | 'out';

/** Letters that follow each other within so many ms are the beginning of one name. */
const TYPED_WITHIN_MS = 700;

/** What was typed so far, and when. */
export interface Typed {
  text: string;
  at: number;
}

/** What is typed with one more key; a key that types nothing ends it. */
export function typedOn(typed: Typed, key: string, at: number): Typed {
  if (key.length !== 1) {
    return { text: '', at };
  }
  return { text: at - typed.at < TYPED_WITHIN_MS ? typed.text + key : key, at };
}

/**
 * What a key does in a row, as in JupyterLab's trees; null where it does nothing here.
 *
 * @param typed the letters of which the key is the last
 */
export function moved(
  rows: readonly TreeRow[],
  index: number,
  key: string,
  typed = key,
): Move | null {
  const row = rows[index];
  if (row === undefined) {
    return null;
  }
  switch (key) {
    case 'ArrowDown':
      return index + 1 < rows.length ? index + 1 : null;
    case 'ArrowUp':
      return index > 0 ? index - 1 : 'out';
    case 'Home':
      return 0;
    case 'End':
      return rows.length - 1;
    case 'Enter':
    case ' ':
      return row.isOpen === null ? null : 'toggle';
    case 'ArrowRight':
      return row.isOpen === false ? 'toggle' : inside(rows, index);
    case 'ArrowLeft':
      return row.isOpen ? 'toggle' : (parent(rows, index) ?? 'out');
    default:
      return key.length === 1 ? named(rows, index, typed) : null;
  }
}

function inside(rows: readonly TreeRow[], index: number): number | null {
  const next = rows[index + 1];
  return next !== undefined && next.level > (rows[index]?.level ?? 0) ? index + 1 : null;
}

function parent(rows: readonly TreeRow[], index: number): number | null {
  const level = rows[index]?.level ?? 0;
  const found = rows.slice(0, index).findLastIndex(row => row.level < level);
  return found === -1 ? null : found;
}

/** The next row whose name begins with what was typed; of one letter typed again each in turn. */
function named(rows: readonly TreeRow[], index: number, typed: string): number | null {
  const first = typed.charAt(0);
  const isOne = typed === first.repeat(typed.length);
  const wanted = (isOne ? first : typed).toLowerCase();
  const begins = (row: TreeRow): boolean => nameOf(row).toLowerCase().startsWith(wanted);
  const from = isOne ? index + 1 : index; // who goes on typing may be there already
  const after = rows.findIndex((row, at) => at >= from && begins(row));
  const found = after === -1 ? rows.findIndex(begins) : after;
  return found === -1 ? null : found;
}

/** A row and those beside it, inside the same one. */
export function siblings(rows: readonly TreeRow[], index: number): TreeRow[] {
  const level = rows[index]?.level ?? 0;
  const before = rows.slice(0, index).findLastIndex(row => row.level < level);
  const after = rows.findIndex((row, at) => at > index && row.level < level);
  return rows
    .slice(before + 1, after === -1 ? rows.length : after)
    .filter(row => row.level === level);
}
