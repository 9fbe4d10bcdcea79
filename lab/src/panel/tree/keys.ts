import type { TreeRow } from '../../state/treeRows';

/** Where a key leads: to a row, to open or close this one, or out of the tree to its connection. */
export type Move = number | 'toggle' | 'out';

/** What a key does in a row, as in JupyterLab's trees; null where it does nothing here. */
export function moved(rows: readonly TreeRow[], index: number, key: string): Move | null {
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
      return key.length === 1 ? named(rows, index, key) : null;
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

/** The next row whose name begins with a letter. */
function named(rows: readonly TreeRow[], index: number, letter: string): number | null {
  const begins = ({ shown }: TreeRow): boolean =>
    'name' in shown && shown.name.toLowerCase().startsWith(letter.toLowerCase());
  const after = rows.findIndex((row, at) => at > index && begins(row));
  const found = after === -1 ? rows.findIndex(begins) : after;
  return found === -1 ? null : found;
}
