// What the rows of the tree say.

import type { Field, Index, Size } from '../../protocol/messages';
import { age } from '../../state/format';
import { trans } from '../../state/i18n';
import type { Group } from '../../state/tree';
import type { TreeRow } from '../../state/treeRows';

/** What a row is called. */
export function nameOf({ shown }: TreeRow): string {
  switch (shown.kind) {
    case 'database':
    case 'collection':
    case 'partition':
    case 'alias':
      return shown.name;
    case 'field':
      return shown.field.name;
    case 'index':
      return shown.index.field || shown.index.name;
    case 'group':
      return groupWord(shown.group);
    case 'dynamic':
      return trans.__('and others');
    case 'preview':
      return trans.__('Some rows');
    case 'waiting':
      return trans.__('Asking the server…');
    case 'failure':
      return shown.failure.what;
    case 'untold':
      return trans.__('Not shown');
    case 'more':
      return trans.__('and %1 more', shown.count.toLocaleString('en'));
    case 'empty':
      return trans.__('No collections');
  }
}

/** What is said beside its name; "" where that is nothing. */
export function detailOf({ shown, isOpen }: TreeRow, now: number): string {
  switch (shown.kind) {
    case 'database': {
      const found = isOpen ? shown.node?.found : null;
      return [
        shown.isCurrent && trans.__('current'),
        found && found.total > 0 && found.total.toLocaleString('en'),
        found && olderThan(found.asked_at, now),
      ]
        .filter(Boolean)
        .join(' · ');
    }
    case 'collection': {
      const { size, node } = shown;
      return [
        size !== null && rowsWord(size),
        size !== null && loadWord(size),
        isOpen && node?.found != null && olderThan(node.found.asked_at, now),
      ]
        .filter(Boolean)
        .join(' · ');
    }
    case 'field':
      return fieldWords(shown.field, shown.index);
    case 'index':
      return indexWords(shown.index);
    case 'group':
      return shown.count.toLocaleString('en');
    case 'dynamic':
      return trans.__('dynamic field');
    default:
      return '';
  }
}

/** How old what is inside of an open node is, to the second; "" where nothing is. */
export function ageOf({ shown, isOpen }: TreeRow, now: number): string {
  const inside = shown.kind === 'database' || shown.kind === 'collection' ? shown.node : undefined;
  return isOpen && inside?.found != null
    ? trans.__('Read %1 ago', age(now - inside.found.asked_at))
    : '';
}

/** `12 min ago`, where that is worth a word. */
export function olderThan(asked_at: number, now: number): string {
  const seconds = now - asked_at;
  return seconds < 60 ? '' : trans.__('%1 ago', age(seconds));
}

/** `1,204 rows`, `about 1,204 rows`; "" where it is not known. */
function rowsWord({ rows, is_exact }: Size): string {
  if (rows === null) {
    return '';
  }
  const count = rows.toLocaleString('en');
  const words = rows === 1 ? trans.__('%1 row', count) : trans.__('%1 rows', count);
  return is_exact ? words : trans.__('about %1', words);
}

/** `loaded`, `loading 40 %`, `released`; "" where it is not known. */
export function loadWord({ load, percent }: Size): string {
  switch (load) {
    case 'loaded':
      return trans.__('loaded');
    case 'released':
      return trans.__('released');
    case 'loading':
      return percent === null ? trans.__('loading') : trans.__('loading %1 %', percent);
    case null:
      return '';
  }
}

/** `INT64, primary, auto id`, `FLOAT_VECTOR 768, HNSW COSINE`. */
function fieldWords(field: Field, index: Index | undefined): string {
  return [
    field.type,
    field.is_primary && trans.__('primary'),
    field.auto_id && trans.__('auto id'),
    field.is_partition_key && trans.__('partition key'),
    field.is_clustering_key && trans.__('clustering key'),
    index !== undefined && [index.type, index.metric].filter(Boolean).join(' '),
    field.nullable && trans.__('nullable'),
    field.default !== null && trans.__('default %1', field.default),
    field.analyzer !== '' && trans.__('analyzer %1', field.analyzer),
    field.is_function_output && trans.__('made by a function'),
    field.description,
  ]
    .filter(Boolean)
    .join(', ');
}

/** `HNSW COSINE, M 8, efConstruction 64`, and how far it has come where it is not done. */
function indexWords({ type, metric, params, state, percent, reason }: Index): string {
  const isDone = state === '' || state === 'finished';
  return [
    [type, metric].filter(Boolean).join(' '),
    params,
    !isDone && (percent === null ? state : `${state} ${percent} %`),
    reason,
  ]
    .filter(Boolean)
    .join(', ');
}

function groupWord(group: Group): string {
  switch (group) {
    case 'indexes':
      return trans.__('Indexes');
    case 'partitions':
      return trans.__('Partitions');
    case 'aliases':
      return trans.__('Aliases');
  }
}
