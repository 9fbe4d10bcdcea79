import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Importables, Profile, ProfileProblem, Profiles } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import type { ProfileActions } from '../../state/profiles';
import type { FocusOn } from '../parts/hooks';
import { Button } from '../parts/Button';
import { ImportIcon, PlusIcon } from '../parts/icons';
import { Section } from '../parts/Section';
import { useKeptRows } from '../parts/virtual';
import { ImportForm } from './ImportForm';
import { ProfileForm } from './ProfileForm';
import { ProfileRow } from './ProfileRow';

interface Props {
  found: Profiles;
  /** Those as well that a filter leaves out. */
  all?: Profile[];
  /** Another number means that they were told anew: what can be imported is looked for then. */
  told?: number;
  /** Those that are connected just now. */
  connected: ReadonlySet<string>;
  actions: ProfileActions;
  focus: FocusOn;
  /** Whether it is there also where there are none: to write the first. */
  always?: boolean;
  /** The one whose question is to be open, and what differs each time that it is wanted. */
  asked?: { name: string; number: number };
  onAnswered?: () => void;
  /** Disconnects what comes from one; left out where nothing is connected. */
  onDisconnect?: (profile: string) => void;
}

/** The saved connections, each with what can be done with it, and the way to write a new one. */
export function ProfileList(props: Props) {
  const { found, told = 0, connected, actions, focus, always = false } = props;
  const { profiles, problems } = found;
  const [done, setDone] = useState('');
  // What was shown of the import is asked about, whatever the file says meanwhile.
  const [opened, setOpened] = useState<'new' | Importables | null>(null);
  // What is being edited stays, whoever deletes it meanwhile, and whatever the filter says.
  const [edited, setEdited] = useState<Profile | null>(null);
  const all = props.all ?? profiles;
  const isOut = edited !== null && !profiles.some(({ name }) => name === edited.name);
  const now = all.find(({ name }) => name === edited?.name) ?? edited;
  const shown = isOut && now !== null ? [...profiles, now] : profiles;
  const names = new Set(all.map(({ name }) => name));
  const offered = useImportable(actions, told);
  const on = useHandlers(props);
  const keptRow = useKeptRows<JSX.Element>([actions, on]);
  const close = (): void => {
    setOpened(null);
    focus('new-profile');
  };
  if (shown.length + problems.length === 0 && done === '' && !always) {
    return null;
  }
  return (
    <Section
      title={trans.__('Profiles')}
      count={profiles.length}
      mustShow={opened !== null || (props.asked?.name ?? '') !== ''}
      tools={
        <>
          {offered !== null && (
            <Button
              name={trans.__('Import from the Milvus CLI')}
              icon
              onClick={() => setOpened(offered)}
            >
              <ImportIcon />
            </Button>
          )}
          <Button
            name={trans.__('New profile')}
            icon
            focusKey="new-profile"
            onClick={() => setOpened('new')}
          >
            <PlusIcon />
          </Button>
        </>
      }
    >
      {opened === 'new' && (
        <ProfileForm row={null} profile={null} actions={actions} onClose={close} />
      )}
      {opened !== null && opened !== 'new' && actions.bring !== undefined && (
        <ImportForm
          offered={opened}
          onImport={actions.bring}
          onDone={text => {
            setDone(text);
            close();
          }}
          onClose={close}
        />
      )}
      <ul class="milvus-nb-profile-list" role="list" aria-label={trans.__('Profiles')}>
        {shown.map(profile => {
          const { name } = profile;
          const isGone = !names.has(name);
          const isConnected = connected.has(name);
          const asked = props.asked?.name === name ? props.asked.number : 0;
          return keptRow(name, [profile, isGone, isConnected, asked], () => (
            <ProfileRow
              profile={profile}
              isGone={isGone}
              connected={isConnected}
              actions={actions}
              {...on}
              onDeleted={setDone}
              onEdit={setEdited}
              asked={asked}
              key={name}
            />
          ));
        })}
      </ul>
      {done !== '' && (
        <p class="milvus-nb-problem milvus-nb-data" role="status">
          {done}
        </p>
      )}
      {problems.map(problem => (
        <Problem problem={problem} key={`${problem.where} ${problem.what}`} />
      ))}
    </Section>
  );
}

/** Does for a row what the view is asked for by then: the row may have been drawn long before. */
function useHandlers(
  props: Props,
): Pick<Props, 'onDisconnect' | 'onAnswered'> & { focus: FocusOn } {
  const latest = useRef(props);
  latest.current = props;
  const disconnects = props.onDisconnect !== undefined;
  return useMemo(
    () => ({
      focus: key => latest.current.focus(key),
      onAnswered: () => latest.current.onAnswered?.(),
      ...(disconnects && { onDisconnect: (name: string) => latest.current.onDisconnect?.(name) }),
    }),
    [disconnects],
  );
}

/** What can be imported; null where nothing can. It is looked for anew as profiles are told anew. */
function useImportable(actions: ProfileActions, told: number): Importables | null {
  const [offered, setOffered] = useState<Importables | null>(null);
  useEffect(() => {
    let isCurrent = true;
    actions.importable?.().then(
      next => isCurrent && setOffered(next.found.some(one => one.problem === '') ? next : null),
      () => isCurrent && setOffered(null), // an older kernel side, or none any more
    );
    return () => {
      isCurrent = false;
    };
  }, [actions, told]);
  return offered;
}

/** What is wrong in a file of profiles, so that nobody wonders where one has gone. */
function Problem({
  problem: { where, what, reason, fix, is_warning },
}: {
  problem: ProfileProblem;
}) {
  return (
    <p class="milvus-nb-problem milvus-nb-data" data-warning={is_warning}>
      <span class="milvus-nb-problem-where">{where}: </span>
      {[what, reason, fix].filter(Boolean).join(' ')}
    </p>
  );
}
