import { trans } from '../../state/i18n';
import type { PreviewNode } from '../../state/preview';
import type { Session } from '../../state/session';
import type { Place } from '../../state/tree';
import type { TreeRow } from '../../state/treeRows';
import { copyText } from '../parts/clipboard';
import type { MenuItem } from '../parts/RowMenu';
import type { Hands, Taken } from './hands';

/** Gives the code of a node. */
export type CodeOf = (place: Place) => Promise<Taken>;

/** What can be done with a row of the tree. */
export function menuItems(
  { place, shown }: TreeRow,
  { store, tree }: Pick<Session, 'store' | 'tree'>,
  hands: Hands | null,
  code: CodeOf,
  failed: (error: unknown) => void,
): MenuItem[] {
  const { alias } = place;
  const taken = (use: (code: Taken) => unknown): void => {
    code(place).then(use).catch(failed);
  };
  const copy: MenuItem = {
    text: trans.__('Copy code'),
    onSelect: () =>
      taken(async ({ own }) => {
        const isCopied = await copyText(own);
        store.announce(isCopied ? trans.__('Copied') : trans.__('The browser refused to copy it.'));
      }),
  };
  const insert: MenuItem = {
    text: trans.__('Insert code'),
    disabled: !hands?.canInsert(),
    onSelect: () => taken(code => hands?.insert(code.for)),
  };
  const take = hands === null ? [copy] : [insert, copy];

  const { kind } = shown;
  if (kind === 'field') {
    return take;
  }
  if (kind !== 'database' && kind !== 'collection') {
    return [];
  }
  const { node } = shown;
  const refresh: MenuItem = {
    text: trans.__('Refresh'),
    disabled: !node?.isOpen,
    onSelect: () => node?.open().forEach(branch => branch.fetch()),
  };
  if (kind === 'database') {
    return [refresh];
  }
  const isShown = shown.node?.isOpen === true && shown.node.preview.isOpen;
  const preview: MenuItem = {
    text: isShown ? trans.__('Hide rows') : trans.__('Preview rows'),
    onSelect: () => tree.togglePreview(tree.collection(alias, place.database, place.collection)),
  };
  const inSight = (): PreviewNode => {
    const found = tree.collection(alias, place.database, place.collection);
    tree.showPreview(found);
    return found.preview;
  };
  const memory: MenuItem =
    shown.size?.load === 'loaded'
      ? { text: trans.__('Release…'), onSelect: () => inSight().askToRelease(true) }
      : { text: trans.__('Load'), onSelect: () => inSight().load() };
  memory.disabled = (shown.node?.preview.doing ?? null) !== null;
  return [preview, ...take, memory, refresh];
}
