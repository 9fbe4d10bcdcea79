import { useState } from 'preact/hooks';

import { trans } from '../../state/i18n';
import { nameProblem, SECRETS, secretWord } from '../../state/profiles';
import { EXAMPLE_VARIABLE } from '../parts/examples';
import { Field } from '../parts/Field';
import { Choice } from '../parts/Choice';

interface Props {
  /** Its name where none is typed. */
  alias: string;
  hasSecret: boolean;
  /** The names in use. */
  profiles: ReadonlySet<string>;
}

/** How the connection is saved: under which name, and where its secret comes from then. */
export function SaveFields({ alias, hasSecret, profiles }: Props) {
  const [name, setName] = useState('');
  const [secret, setSecret] = useState('ask');
  return (
    <div class="milvus-nb-group" role="group" aria-label={trans.__('The profile')}>
      <Field
        width={hasSecret ? undefined : 'whole'}
        label={trans.__('Save as')}
        name="profile_name"
        placeholder={alias}
        problem={nameProblem(name || alias)}
        onInput={text => setName(text.trim())}
      />
      {hasSecret && (
        <Choice
          label={trans.__('Its secret')}
          name="profile_secret"
          value={secret}
          choices={SECRETS.filter(one => one !== 'none').map(one => [one, secretWord(one)])}
          onChange={setSecret}
        />
      )}
      {hasSecret && secret === 'env' && (
        <Field
          width="whole"
          label={trans.__('Environment variable')}
          name="profile_variable"
          placeholder={EXAMPLE_VARIABLE}
        />
      )}
      {profiles.has(name || alias) && (
        <label class="milvus-nb-check milvus-nb-mod-wide">
          <input type="checkbox" name="profile_replace" />
          <span>{trans.__('Replace the profile %1', name || alias)}</span>
        </label>
      )}
    </div>
  );
}
