import type { Row } from '../../protocol/messages';
import { freeAlias } from '../../state/alias';
import { plainName } from '../../state/origin';
import type { Session } from '../../state/session';
import { ProfileForm } from '../profiles/ProfileForm';
import { AliasForm } from './AliasForm';
import { CloseQuestion } from './CloseQuestion';
import { CodeView } from './CodeView';
import type { Opened } from './rowHandlers';

interface Props {
  what: Opened | undefined;
  row: Row;
  session: Session;
  onClose: () => void;
  onDisconnect: () => void;
  onAdopted: (alias: string) => void;
}

/** What was opened in a row, if anything was. */
export function RowInset({ what, row, session, onClose, onDisconnect, onAdopted }: Props) {
  const { store, actions } = session;
  switch (what) {
    case 'question':
      return (
        <CloseQuestion
          row={row}
          onKeep={onClose}
          onClose={() => {
            onClose();
            onDisconnect();
          }}
        />
      );
    case 'alias':
      return (
        <AliasForm
          name={row.alias}
          initial={freeAlias(store.rows, plainName(row.alias))}
          actions={actions}
          onClose={onClose}
          onGiven={alias => {
            onClose();
            onAdopted(alias);
          }}
        />
      );
    case 'code':
      return <CodeView row={row} store={store} actions={actions} onClose={onClose} />;
    case 'save':
      return (
        <ProfileForm
          row={row}
          profile={null}
          known={store.profiles.profiles.find(({ name }) => name === row.profile)}
          actions={actions}
          onClose={onClose}
        />
      );
    case undefined:
      return null;
  }
}
