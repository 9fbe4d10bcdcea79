import { useState } from 'preact/hooks';

import type { ProfileProblem, Profiles } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import type { ProfileActions } from '../../state/profiles';
import type { FocusOn } from '../parts/hooks';
import { Section } from '../parts/Section';
import { ProfileRow } from './ProfileRow';

interface Props {
  found: Profiles;
  /** Those that are connected just now. */
  connected: ReadonlySet<string>;
  actions: ProfileActions;
  focus: FocusOn;
}

/** The saved connections, each with what can be done with it; nothing where there are none. */
export function ProfileList({ found, connected, actions, focus }: Props) {
  const { profiles, problems } = found;
  const [told, setTold] = useState('');
  if (profiles.length + problems.length === 0 && told === '') {
    return null;
  }
  return (
    <Section title={trans.__('Profiles')} count={profiles.length}>
      <ul class="milvus-nb-profile-list" role="list" aria-label={trans.__('Profiles')}>
        {profiles.map(profile => (
          <ProfileRow
            profile={profile}
            connected={connected.has(profile.name)}
            actions={actions}
            focus={focus}
            onDeleted={setTold}
            key={profile.name}
          />
        ))}
      </ul>
      {told !== '' && (
        <p class="milvus-nb-problem milvus-nb-data" role="status">
          {told}
        </p>
      )}
      {problems.map(problem => (
        <Problem problem={problem} key={`${problem.where} ${problem.what}`} />
      ))}
    </Section>
  );
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
