import type { ComponentChildren } from 'preact';

import { trans } from '../state/i18n';
import type { Session } from '../state/session';
import { Button } from './parts/Button';
import { FilterIcon, PlusIcon, RetryIcon } from './parts/icons';

interface Props {
  /** Null where there is no kernel to ask. */
  session: Session | null;
  on: { connect: () => void; filter: () => void; refresh?: () => void };
  /** What follows the title. */
  children?: ComponentChildren;
}

/** The title, and what can be done with all connections together. */
export function Header({ session, on, children }: Props) {
  return (
    <div class="milvus-nb-header">
      <h2 class="milvus-nb-title">{trans.__('Milvus')}</h2>
      {children}
      {session !== null && <Tools session={session} on={on} />}
    </div>
  );
}

function Tools({ session, on }: { session: Session; on: Props['on'] }) {
  const { store, link } = session;
  const refresh = (): void => {
    session.refresh();
    on.refresh?.();
  };
  const off = link.isGone || store.link === 'restarting';
  return (
    <div class="milvus-nb-tools">
      <Button name={trans.__('Refresh')} icon disabled={off} onClick={refresh}>
        <RetryIcon />
      </Button>
      <Button
        name={trans.__('Filter')}
        icon
        disabled={store.count.all + store.profiles.profiles.length === 0}
        onClick={on.filter}
      >
        <FilterIcon />
      </Button>
      <Button
        name={trans.__('Connect')}
        icon
        focusKey="connect"
        disabled={off}
        onClick={on.connect}
      >
        <PlusIcon />
      </Button>
    </div>
  );
}
