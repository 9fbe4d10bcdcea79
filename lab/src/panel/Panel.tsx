import { useEffect, useRef, useState } from 'preact/hooks';

import { elapsed } from '../state/clock';
import { matches } from '../state/format';
import { trans } from '../state/i18n';
import { connectedProfiles } from '../state/profiles';
import type { RowWish, Session } from '../state/session';
import { ConnectForm } from './connect/ConnectForm';
import { ConnectionList } from './connections/ConnectionList';
import { Empty } from './Empty';
import { Filter } from './Filter';
import { Header } from './Header';
import { LinkBanner } from './LinkBanner';
import { Loading } from './Loading';
import { useChanges, useFocus, useInSight, useWatch } from './parts/hooks';
import { Notices } from './parts/Notices';
import { ProfileList } from './profiles/ProfileList';

/** From how many connections on a filter is offered. */
const FILTER_FROM = 8;

/**
 * JupyterLab's shortcuts would take the arrow keys of radio buttons and the like. It looks for this
 * mark on the focused element before it looks at what is around it.
 */
function keepKeys(event: FocusEvent): void {
  (event.target as Element).setAttribute('data-lm-suppress-shortcuts', 'true');
}

interface Props {
  session: Session;
  /** Whether it is in sight; else it need not be drawn. */
  seen?: boolean;
  /** It fills a sidebar, instead of standing in a cell. */
  embedded?: boolean;
}

/** The whole panel: one view of a session. */
export function Panel({ session, seen = true, embedded = false }: Props) {
  const { store, link, actions } = session;
  const root = useRef<HTMLElement>(null);
  useChanges(store, seen);
  useWatch(link, useInSight(root) && seen);
  const focus = useFocus(root);
  const [form, setForm] = useState(false);
  const [filter, setFilter] = useState('');
  const [reveal, setReveal] = useState('');
  const [wish, setWish] = useState<RowWish | null>(null);

  const all = [...store.rows.values()];
  const rows = filter === '' ? all : all.filter(row => matches(row, filter));
  const own = rows.filter(row => row.own);
  const others = rows
    .filter(row => !row.own)
    .sort((one, two) => one.alias.localeCompare(two.alias, 'en', { numeric: true }));
  const gone = link.isGone || store.link === 'restarting';
  const silence_s = (elapsed() - link.heardAt) / 1000;

  const openForm = (): void => setForm(true);
  const showRow = (alias: string): void => {
    setFilter('');
    setReveal(alias);
    focus(`row ${alias}`);
  };

  const on = {
    disconnect: async (alias: string) => {
      if (await actions.disconnect(alias)) {
        focus(`undo ${alias}`);
      }
    },
    reconnect: async (alias: string) => {
      if (await actions.reconnect(alias)) {
        showRow(alias);
      }
    },
    retry: (alias: string) => actions.retry(alias),
    use: (alias: string) => actions.use(alias),
    ping: (alias: string) => actions.ping(alias),
    adopted: showRow,
  };
  const list = { session, reveal, wish, on, focus };

  useEffect(() => {
    const next = seen && store.link !== 'opening' ? session.takeWish() : null;
    if (next?.kind === 'connect') {
      openForm();
    } else if (next !== null) {
      showRow(next.alias);
      setWish(next);
    }
  });

  return (
    <section
      ref={root}
      class={`milvus-nb milvus-nb-panel${embedded ? ' milvus-nb-mod-embedded' : ''}`}
      aria-label={trans.__('Milvus connections')}
      data-link={store.link}
      onFocusIn={keepKeys}
    >
      <Header
        connections={all.length}
        onConnect={form || gone || all.length === 0 ? null : openForm}
      />
      <LinkBanner status={store.link} silence_s={silence_s} />
      {!gone && (
        <Notices
          store={store}
          onReconnect={alias => void on.reconnect(alias)}
          onDismiss={notice => {
            store.dismiss(notice);
            focus('connect');
          }}
        />
      )}
      {all.length >= FILTER_FROM && (
        <Filter value={filter} shown={rows.length} total={all.length} onChange={setFilter} />
      )}
      {store.link === 'opening' && (
        <Loading waited_s={silence_s} isOffline={link.isOffline} refusal={store.refusal} />
      )}
      {all.length > 0 && rows.length === 0 && (
        <p class="milvus-nb-empty">{trans.__('Nothing matches.')}</p>
      )}
      {own.length > 0 && <ConnectionList {...list} label={trans.__('Connections')} rows={own} />}
      {others.length > 0 && (
        <div class="milvus-nb-others">
          <h3 class="milvus-nb-section">{trans.__('Opened elsewhere in this kernel')}</h3>
          <ConnectionList
            {...list}
            label={trans.__('Opened elsewhere in this kernel')}
            rows={others}
          />
        </div>
      )}
      {all.length === 0 && !form && store.link !== 'opening' && !gone && (
        <Empty onConnect={openForm} />
      )}
      {store.link !== 'opening' && !gone && (
        <ProfileList
          found={store.profiles}
          connected={connectedProfiles(all)}
          door={actions}
          focus={focus}
        />
      )}
      {form && !gone && (
        <ConnectForm
          actions={actions}
          taken={store.rows}
          onConnected={alias => {
            setForm(false);
            store.announce(trans.__('Connected %1.', alias));
            showRow(alias);
          }}
          onClose={() => {
            setForm(false);
            focus('connect');
          }}
        />
      )}
      <div class="milvus-nb-hidden" role="status">
        {store.announcement}
      </div>
    </section>
  );
}
