import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Failure, Profile } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import { keptText, sentSecret } from '../../state/profiles';
import { Button } from '../parts/Button';
import { FailureAlert } from '../parts/FailureAlert';
import { Field } from '../parts/Field';
import { Inset } from '../parts/Inset';
import { submitOnEnter } from '../parts/submitOnEnter';

interface Props {
  profile: Profile;
  task: 'connect' | 'test' | 'delete';
  /** Whether its secret has to be typed. */
  asks: boolean;
  /** Whether the kernel has what was typed from the last try. */
  kept?: boolean;
  running: boolean;
  failure: Failure | null;
  onYes: (secret: string) => void;
  onNo: () => void;
}

/** Asks before something is done with a profile: whether it is meant, and for its secret. */
export function ProfileQuestion(props: Props) {
  const { profile, task, asks, kept = false, running, failure, onYes, onNo } = props;
  const { name, user, label, path, place, permit } = profile;
  const secret = useRef<HTMLInputElement>(null);
  const buttons = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    (secret.current ?? buttons.current?.querySelector('button'))?.focus();
  }, [asks]);

  const yes = (): void => {
    if (running) {
      return;
    }
    const typed = secret.current?.value ?? '';
    if (secret.current !== null) {
      secret.current.value = ''; // sent once, and nowhere else
    }
    onYes(typed);
  };
  const what = {
    connect: trans.__('Connect %1?', name),
    test: trans.__('Test %1?', name),
    delete: trans.__('Delete the profile %1?', name),
  }[task];
  const verb = {
    connect: trans.__('Connect'),
    test: trans.__('Test'),
    delete: trans.__('Delete'),
  }[task];

  return (
    <Inset label={what} framed onClose={onNo}>
      <form
        class="milvus-nb-question"
        autocomplete="off"
        noValidate
        onSubmit={event => {
          event.preventDefault();
          yes();
        }}
        onKeyDown={submitOnEnter}
      >
        <div>
          <p class="milvus-nb-what milvus-nb-data">{what}</p>
          {task !== 'delete' && <p class="milvus-nb-data">{trans.__('It goes to %1.', place)}</p>}
          {task !== 'delete' && permit !== '' && (
            <p class="milvus-nb-data">
              {sentSecret(profile)}{' '}
              {trans.__(
                'It is a profile of the project, which was not used before. Its file: %1',
                path,
              )}
            </p>
          )}
          {task === 'connect' && label !== '' && (
            <p class="milvus-nb-data">{trans.__('It is marked %1.', label)}</p>
          )}
          {task === 'delete' && (
            <p class="milvus-nb-data">
              {profile.secret === 'keyring'
                ? trans.__(
                    'It is taken out of %1, and its secret out of the keyring where no other profile uses it. Connections stay.',
                    path,
                  )
                : trans.__('It is taken out of %1. Connections stay.', path)}
            </p>
          )}
        </div>
        {asks && (
          <Field
            label={user === '' ? trans.__('Token') : trans.__('Password of %1', user)}
            name="secret"
            secret
            placeholder={kept ? keptText() : ''}
            inputRef={secret}
          />
        )}
        <FailureAlert failure={failure} />
        <div class="milvus-nb-inset-buttons" ref={buttons}>
          <Button name={verb} kind={task === 'delete' ? 'danger' : 'primary'} submit busy={running}>
            {running && task !== 'delete' ? trans.__('Asking…') : verb}
          </Button>
          <Button name={trans.__('Cancel')} kind="plain" onClick={onNo} />
        </div>
      </form>
    </Inset>
  );
}
