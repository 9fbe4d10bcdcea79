// What is open of a connection, as the rows of a tree.

import type {
  CollectionNames,
  Description,
  Failure,
  Field,
  Index,
  Size,
  Untold,
} from '../protocol/messages';
import type { Branch } from './branch';
import type { PreviewNode } from './preview';
import type { CollectionNode, ConnectionNode, DatabaseNode, Group, Place } from './tree';

/** What a row shows. */
export type Shown =
  | { kind: 'database'; name: string; isCurrent: boolean; node: DatabaseNode | undefined }
  | { kind: 'collection'; name: string; size: Size | null; node: CollectionNode | undefined }
  | { kind: 'field'; field: Field; index: Index | undefined }
  | { kind: 'dynamic' }
  | { kind: 'group'; group: Group; count: number; node: CollectionNode }
  | { kind: 'index'; index: Index }
  | { kind: 'partition' | 'alias'; name: string }
  | { kind: 'preview'; node: PreviewNode }
  | { kind: 'waiting'; branch: Branch<unknown> }
  | { kind: 'failure'; branch: Branch<unknown>; failure: Failure }
  | { kind: 'untold'; untold: Untold }
  | { kind: 'more'; count: number }
  | { kind: 'empty' };

export interface TreeRow {
  /** The same for as long as it is the same node. */
  key: string;
  /** From 1 on. */
  level: number;
  /** Among its siblings, from 1 on; and how many those are. */
  position: number;
  siblings: number;
  /** Whether it is open; null where there is nothing in it. */
  isOpen: boolean | null;
  place: Place;
  shown: Shown;
}

interface Item {
  key: string;
  place: Place;
  shown: Shown;
  isOpen?: boolean;
  inner?: Item[];
}

/** The rows of what is open of a connection. */
export function treeRows(alias: string, node: ConnectionNode): TreeRow[] {
  const rows: TreeRow[] = [];
  flatten(connectionItems(alias, node), 1, rows);
  return rows;
}

function flatten(items: Item[], level: number, rows: TreeRow[]): void {
  items.forEach(({ key, place, shown, isOpen = null, inner = [] }, at) => {
    const siblings = items.length;
    rows.push({ key, level, position: at + 1, siblings, isOpen, place, shown });
    flatten(inner, level + 1, rows);
  });
}

function connectionItems(alias: string, node: ConnectionNode): Item[] {
  const place = { alias, database: '', collection: '', field: '' };
  return branchItems(node, place, found => [
    ...found.names.map(name =>
      databaseItem({ ...place, database: name }, name === found.current, node),
    ),
    ...untoldItems(found.untold, place),
  ]);
}

function databaseItem(place: Place, isCurrent: boolean, parent: ConnectionNode): Item {
  const name = place.database;
  const node = parent.databases.get(name);
  const isOpen = node?.isOpen ?? false;
  return {
    key: `database\n${name}`,
    place,
    shown: { kind: 'database', name, isCurrent, node },
    isOpen,
    inner: node !== undefined && isOpen ? collectionItems(place, node, parent) : [],
  };
}

function collectionItems(place: Place, node: DatabaseNode, parent: ConnectionNode): Item[] {
  const told = ({ names, total }: CollectionNames): Item[] => [
    ...names.map(name => collectionItem({ ...place, collection: name }, node)),
    ...(total > names.length
      ? [item(place, 'more', { kind: 'more', count: total - names.length })]
      : []),
    ...(total === 0 ? [item(place, 'empty', { kind: 'empty' })] : []),
  ];
  return branchItems(node, place, told, parent);
}

function collectionItem(place: Place, parent: DatabaseNode): Item {
  const name = place.collection;
  const node = parent.collections.get(name);
  const size = parent.sizes.get(name)?.size ?? null;
  const isOpen = node?.isOpen ?? false;
  return {
    key: `collection\n${place.database}\n${name}`,
    place,
    shown: { kind: 'collection', name, size, node },
    isOpen,
    inner: node !== undefined && isOpen ? openCollectionItems(place, node, parent) : [],
  };
}

function openCollectionItems(place: Place, node: CollectionNode, parent: DatabaseNode): Item[] {
  const { preview } = node;
  const told = (found: Description): Item[] => [
    ...found.fields.map(field => fieldItem(place, field, found)),
    ...(found.has_dynamic_field ? [item(place, 'dynamic', { kind: 'dynamic' })] : []),
    ...groupItems(place, node, found),
    ...untoldItems(found.untold, place),
  ];
  return [
    ...(preview.isOpen ? [item(place, 'preview', { kind: 'preview', node: preview })] : []),
    ...branchItems(node, place, told, parent),
  ];
}

function fieldItem(place: Place, field: Field, { indexes }: Description): Item {
  const { name, struct } = field;
  const path = struct === '' ? name : `${struct}[${name}]`;
  const shown: Shown = {
    kind: 'field',
    field,
    index: indexes.find(index => index.field === path),
  };
  return item({ ...place, field: struct || name }, `field\n${path}`, shown);
}

function groupItems(place: Place, node: CollectionNode, found: Description): Item[] {
  const { indexes, partitions, aliases } = found;
  const group = (of: Group, shown: Shown[]): Item[] =>
    shown.length === 0
      ? []
      : [
          {
            key: keyOf(place, of),
            place,
            shown: { kind: 'group', group: of, count: shown.length, node },
            isOpen: node.groups.has(of),
            inner: node.groups.has(of)
              ? shown.map((one, at) => item(place, `${of}\n${at}`, one))
              : [],
          },
        ];
  return [
    ...group(
      'indexes',
      indexes.map(index => ({ kind: 'index', index })),
    ),
    ...group(
      'partitions',
      (partitions ?? []).map(name => ({ kind: 'partition', name })),
    ),
    ...group(
      'aliases',
      (aliases ?? []).map(name => ({ kind: 'alias', name })),
    ),
  ];
}

function untoldItems(untold: Untold[], place: Place): Item[] {
  return untold.map(one => item(place, `untold\n${one.what}`, { kind: 'untold', untold: one }));
}

/**
 * What was told last; in front of it why nothing newer was, or that it is waited for. Why is said
 * once where all that is open fails by the same: the server is gone.
 */
function branchItems<T>(
  branch: Branch<T>,
  place: Place,
  told: (found: T) => Item[],
  parent?: Branch<unknown>,
): Item[] {
  const { found, failure, waitingSince } = branch;
  const items = found === null ? [] : told(found);
  if (found === null && waitingSince !== null) {
    return [item(place, 'waiting', { kind: 'waiting', branch })];
  }
  return failure === null || (found !== null && isSame(failure, parent?.failure ?? null))
    ? items
    : [item(place, 'failure', { kind: 'failure', branch, failure }), ...items];
}

function isSame(one: Failure, other: Failure | null): boolean {
  return one.what === other?.what && one.reason === other.reason;
}

function item(place: Place, what: string, shown: Shown): Item {
  return { key: keyOf(place, what), place, shown };
}

function keyOf({ database, collection }: Place, what: string): string {
  return `${what}\n${database}\n${collection}`;
}
