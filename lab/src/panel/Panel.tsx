import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { elapsed } from '../state/clock';
import { connectionCount, matchesProfile } from '../state/format';
import { trans } from '../state/i18n';
import { asksFirst } from '../state/origin';
import type { Offer, Row } from '../protocol/messages';
import type { RowWish, Session } from '../state/session';
import { ConnectForm } from './connect/ConnectForm';
import type { Draft, Start } from './connect/form';
import { ConnectionList } from './connections/ConnectionList';
import { useLists } from './connections/lists';
import { Empty } from './Empty';
import { Filter } from './Filter';
import { Header } from './Header';
import { InCell } from './InCell';
import { LinkBanner } from './LinkBanner';
import { Loading } from './Loading';
import { useChanges, useFocus, useInSight, useWatch } from './parts/hooks';
import { Notices } from './parts/Notices';
import { Section } from './parts/Section';
import { ProfileList } from './profiles/ProfileList';

/** From how many connections, or profiles, on a filter is offered. */
const FILTER_FROM = 8;

interface Props {
  session: Session;
  /** Whether it is in sight; else it need not be drawn. */
  seen?: boolean;
  /** It is a part of a sidebar, which has the header and scrolls; else it stands in a cell. */
  embedded?: boolean;
  /** Keeps what is typed into the form, where that goes without being closed. */
  draft?: Draft;
}

/** The whole panel: one view of a session. */
export function Panel({ session, seen = true, embedded = false, draft }: Props) {
  const { store, link, actions } = session;
  const root = useRef<HTMLElement>(null);
  useChanges(store, seen);
  const isInSight = useInSight(root) && seen;
  useWatch(link, isInSight);
  const focus = useFocus(root);
  const [form, setForm] = useState<{ start: Start | null; number: number } | null>(
    draft?.typed ? { start: null, number: 0 } : null,
  );
  const [attempted, setAttempted] = useState('');
  const [filters, setFilters] = useState(false);
  const [filter, setFilter] = useState('');
  const [reveal, setReveal] = useState('');
  const [wish, setWish] = useState<RowWish | null>(null);
  // The profile whose question is wanted, and how often one was.
  const [asked, setAsked] = useState({ name: '', number: 0 });

  const { profiles, problems } = store.profiles;
  const { all } = store.count;
  const { own, others } = useLists(session, filter, isInSight);
  const shown = own.length + others.length;
  const found = filter === '' ? profiles : profiles.filter(one => matchesProfile(one, filter));
  const gone = link.isGone || store.link === 'restarting';
  const silence_s = (elapsed() - link.heardAt) / 1000;

  const alone = !embedded && others.length + profiles.length + problems.length === 0;

  const openForm = (): void => {
    setForm(open => open ?? { start: null, number: 0 });
    focus('address');
  };
  /** Begin with a connection in trouble; what was typed into the form before is given up. */
  const mend = (row: Row, offer: Offer): void => {
    setForm(open => ({ start: { row, offer }, number: (open?.number ?? 0) + 1 }));
  };
  const openFilter = (): void => {
    setFilters(true);
    focus('filter');
  };
  const showRow = (alias: string): void => {
    setFilter('');
    setReveal(alias);
    own.reveal(alias);
    others.reveal(alias);
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
    mend,
  };
  /** All that comes from a profile, unless that is to be asked about: then the first asks. */
  const disconnectProfile = async (name: string): Promise<void> => {
    for (const row of await session.ownRows({ profile: name })) {
      if (asksFirst(row)) {
        showRow(row.alias);
        setWish({ kind: 'disconnect', alias: row.alias });
        return;
      }
      void actions.disconnect(row.alias);
    }
  };
  const list = { session, attempted, reveal, wish, on, focus };

  useEffect(() => {
    const next = seen && store.link !== 'opening' ? session.takeWish() : null;
    if (next?.kind === 'connect') {
      openForm();
    } else if (next?.kind === 'filter') {
      openFilter();
    } else if (next !== null) {
      showRow(next.alias);
      setWish(next);
    }
  });

  const content = (
    <>
      <div class="milvus-nb-news">
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
      </div>
      {form !== null && !gone && (
        <ConnectForm
          key={form.number}
          start={form.start}
          draft={draft}
          profiles={new Set(profiles.map(one => one.name))}
          actions={actions}
          taken={store.rows}
          onAttempt={setAttempted}
          onConnected={alias => {
            setForm(null);
            store.announce(trans.__('Connected %1.', alias));
            showRow(alias);
          }}
          onTrust={name => {
            setFilter('');
            setAsked(({ number }) => ({ name, number: number + 1 }));
          }}
          onClose={() => {
            setForm(null);
            focus(form.start === null ? 'connect' : `row ${form.start.row.alias}`);
          }}
        />
      )}
      {(filters || Math.max(all, profiles.length) >= FILTER_FROM) && (
        <Filter
          value={filter}
          shown={shown}
          total={all}
          onChange={setFilter}
          onClose={() => {
            setFilters(false);
            focus('connect');
          }}
        />
      )}
      {store.link === 'opening' && (
        <Loading waited_s={silence_s} isOffline={link.isOffline} refusal={store.refusal} />
      )}
      {filter !== '' && shown + found.length === 0 && (
        <p class="milvus-nb-empty">{trans.__('Nothing matches.')}</p>
      )}
      {own.length > 0 && (
        <Section title={trans.__('Connections')} count={own.length} bare={alone}>
          <ConnectionList {...list} label={trans.__('Connections')} rows={own} />
        </Section>
      )}
      {others.length > 0 && (
        <Section title={trans.__('Opened elsewhere in this kernel')} count={others.length}>
          <ConnectionList
            {...list}
            label={trans.__('Opened elsewhere in this kernel')}
            rows={others}
          />
        </Section>
      )}
      {all === 0 && form === null && store.link !== 'opening' && !gone && (
        <Empty onConnect={openForm} />
      )}
      {store.link !== 'opening' && !gone && (
        <ProfileList
          found={{ ...store.profiles, profiles: found }}
          all={profiles}
          told={store.profilesTold}
          connected={store.connectedProfiles}
          actions={actions}
          focus={focus}
          always={embedded}
          asked={asked}
          onAnswered={() => setAsked(({ number }) => ({ name: '', number }))}
          onDisconnect={name => void disconnectProfile(name)}
        />
      )}
      <div class="milvus-nb-hidden" role="status">
        {store.announcement}
      </div>
    </>
  );
  return embedded ? (
    <div ref={root as RefObject<HTMLDivElement>} class="milvus-nb-panel" data-link={store.link}>
      {content}
    </div>
  ) : (
    <InCell root={root} link={store.link}>
      <Header session={session} on={{ connect: openForm, filter: openFilter }}>
        {all > 0 && <span class="milvus-nb-count">{connectionCount(all)}</span>}
      </Header>
      {content}
    </InCell>
  );
}
