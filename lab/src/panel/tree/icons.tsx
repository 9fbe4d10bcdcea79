import type { Shown } from '../../state/treeRows';

const PATHS = {
  database:
    'M2 3c0-1 1.8-1.5 4-1.5S10 2 10 3v6c0 1-1.8 1.5-4 1.5S2 10 2 9zm0 0c0 1 1.8 1.5 4 1.5S10 4 10 3M2 6c0 1 1.8 1.5 4 1.5S10 7 10 6',
  collection: 'M1.5 2h9v8h-9zm0 2.75h9M1.5 7.4h9M4.75 4.75V10',
  key: 'M1.5 6a2 2 0 1 0 4 0 2 2 0 1 0-4 0m4 0h5v2M8.25 6v1.5',
  vector: 'M2 10 9.5 2.5M5.5 2.25h4.25V6.5',
  field: 'M4 6h4',
  group: 'M2 3.5h8M2 6h8M2 8.5h8',
};

/** What a row stands for. */
export function NodeIcon({ shown }: { shown: Shown }) {
  return (
    <svg class="milvus-nb-icon milvus-nb-node-icon" viewBox="0 0 12 12" aria-hidden="true">
      <path class="milvus-nb-line" d={PATHS[iconOf(shown)]} />
    </svg>
  );
}

function iconOf(shown: Shown): keyof typeof PATHS {
  switch (shown.kind) {
    case 'database':
    case 'collection':
    case 'group':
      return shown.kind;
    case 'field':
      if (shown.field.is_primary) {
        return 'key';
      }
      return shown.field.type.includes('_VECTOR') ? 'vector' : 'field';
    default:
      return 'field';
  }
}
