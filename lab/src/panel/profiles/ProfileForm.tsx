import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { Failure, Profile, Row, SaveProfile } from '../../protocol/messages';
import { failed, failureOf, requestOf } from '../../state/failures';
import { trans } from '../../state/i18n';
import {
  COLORS,
  keptText,
  nameProblem,
  type ProfileActions,
  secretChoice,
  SECRETS,
  secretWord,
} from '../../state/profiles';
import { Button } from '../parts/Button';
import { Choice } from '../parts/Choice';
import { FailureAlert } from '../parts/FailureAlert';
import { EXAMPLE_ADDRESS, EXAMPLE_DATABASE, EXAMPLE_VARIABLE } from '../parts/examples';
import { Field } from '../parts/Field';
import { Inset } from '../parts/Inset';
import { submitOnEnter } from '../parts/submitOnEnter';
import { typedIn } from '../parts/typedIn';

interface Props {
  /** The connection that is saved; null where a profile is edited, or a new one is written. */
  row: Row | null;
  /** The one that is edited. */
  profile: Profile | null;
  /** Whether it was deleted meanwhile: to save it overwrites nothing. */
  isGone?: boolean;
  /** The profile that the connection comes from. */
  known?: Profile | undefined;
  actions: ProfileActions;
  onClose: () => void;
}

const TEXTS = ['address', 'db_name', 'label', 'color'] as const;

/** Saves a connection as a profile, changes one, or writes a new one. No secret is in it, but one for the keyring. */
export function ProfileForm(props: Props) {
  // What was shown is what is changed, whatever the file says meanwhile.
  const [profile, setProfile] = useState(props.profile);
  return (
    <Shown
      {...props}
      profile={profile}
      now={props.profile}
      onLoad={() => setProfile(props.profile)}
      key={profile?.revision}
    />
  );
}

interface ShownProps extends Props {
  /** What it is now. */
  now: Profile | null;
  onLoad: () => void;
}

function Shown(props: ShownProps) {
  const { row, profile, now, isGone = false, known, actions, onLoad, onClose } = props;
  const given = profile ?? known;
  const form = useRef<HTMLFormElement>(null);
  const [choice, setChoice] = useState(secretChoice(profile?.secret ?? row?.secret ?? 'none'));
  const [name, setName] = useState('');
  const [running, setRunning] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  // While it is saved, it is this form that changes it.
  const isStale = profile !== null && !isGone && !running && profile.revision !== now?.revision;
  // The request under which the kernel keeps what was typed for the keyring.
  const [kept, setKept] = useState<number | null>(null);
  useLayoutEffect(() => form.current?.querySelector('input')?.select(), []);

  const title = titleOf(row, profile);
  const hasSignIn = row?.auth !== 'none';
  const variable = given?.secret.startsWith('env:')
    ? given.secret.slice('env:'.length)
    : row?.again.password_env || row?.again.token_env || '';
  // What a live connection has signed in with, its kernel can keep; else it has to be typed.
  const types = choice === 'keyring' && row === null && actions.keepsSecrets;

  const before =
    profile?.secret === 'keyring' ? trans.__('unchanged') : trans.__('for the keyring');
  const placeholder = kept === null ? before : keptText();

  const save = async (): Promise<void> => {
    if (form.current === null || running || isStale) {
      return;
    }
    const wanted = wantedOf(new FormData(form.current), choice, row, profile);
    if (nameProblem(wanted.name) !== '') {
      setFailure(noName(wanted.name));
      form.current.querySelector<HTMLInputElement>('[name="name"]')?.focus();
      return;
    }
    if (actions.refusal) {
      setFailure(actions.refusal);
      return;
    }
    if (types && wanted.typed === undefined && kept !== null) {
      wanted.secret_from = kept;
    }
    const typed = form.current.querySelector<HTMLInputElement>('[name="typed"]');
    if (typed !== null) {
      typed.value = ''; // sent once, and nowhere else
    }
    setRunning(true);
    setFailure(null);
    try {
      await actions.save(wanted);
      onClose();
    } catch (error) {
      const hasSecret = wanted.typed !== undefined || wanted.secret_from !== undefined;
      setKept(hasSecret ? requestOf(error) : null);
      setFailure(failureOf(error));
      setRunning(false);
    }
  };

  /** Have the kernel drop the secret that it keeps for the next try, and go on. */
  const leave = (then: () => void): void => {
    if (kept !== null) {
      actions.forget?.(kept);
    }
    then();
  };
  const close = (): void => leave(onClose);

  return (
    <Inset label={title} framed onClose={close}>
      <form
        ref={form}
        class="milvus-nb-profile-form"
        aria-label={title}
        autocomplete="off"
        noValidate
        onSubmit={event => {
          event.preventDefault();
          void save();
        }}
        onKeyDown={submitOnEnter}
      >
        <p class="milvus-nb-what milvus-nb-data">{title}</p>
        <div class="milvus-nb-group">
          <Field
            label={trans.__('Name')}
            name="name"
            initial={profile?.name ?? row?.profile ?? ''}
            placeholder={row?.alias ?? ''}
            problem={name === '' ? '' : nameProblem(name)}
            onInput={text => setName(text.trim())}
          />
          {row === null && (
            <>
              <Field
                label={trans.__('Address')}
                name="address"
                initial={profile?.address ?? ''}
                placeholder={EXAMPLE_ADDRESS}
              />
              <Field label={trans.__('User')} name="user" initial={profile?.user ?? ''} />
              <Field
                label={trans.__('Database')}
                name="db_name"
                initial={profile?.db_name ?? ''}
                placeholder={EXAMPLE_DATABASE}
              />
            </>
          )}
          {hasSignIn && (
            <Choice
              label={trans.__('Secret')}
              name="secret"
              value={choice}
              choices={SECRETS.filter(one => row === null || one !== 'none').map(one => [
                one,
                secretWord(one),
              ])}
              onChange={value => setChoice(secretChoice(value))}
            />
          )}
          {hasSignIn && choice === 'env' && (
            <Field
              label={trans.__('Environment variable')}
              name="variable"
              initial={variable}
              placeholder={EXAMPLE_VARIABLE}
            />
          )}
          {types && (
            <Field
              label={trans.__('Password or token')}
              name="typed"
              secret
              placeholder={placeholder}
            />
          )}
          <Field
            label={trans.__('Label')}
            name="label"
            initial={profile?.label ?? row?.label ?? ''}
            placeholder={trans.__('Production')}
          />
          <Choice
            label={trans.__('Colour')}
            name="color"
            value={profile?.color ?? row?.color ?? ''}
            choices={[['', trans.__('none')], ...COLORS.map(one => [one, one] as [string, string])]}
          />
        </div>
        <Check
          name="confirm"
          text={trans.__('Ask before connecting and disconnecting')}
          checked={profile?.confirm ?? row?.confirm ?? false}
        />
        <Check
          name="default"
          text={trans.__('Default: %milvus connect alone connects it')}
          checked={given?.default ?? false}
        />
        {!profile?.is_project && (
          <Check
            name="autoconnect"
            text={trans.__('Connect it when milvus_nb is loaded')}
            checked={given?.autoconnect ?? false}
          />
        )}
        {profile === null && (
          <>
            <Check
              name="project"
              text={trans.__('For the project: in milvus.toml, which others may read')}
              checked={known?.is_project ?? false}
            />
            <Check
              name="replace"
              text={trans.__('Replace one of that name')}
              checked={known !== undefined}
            />
          </>
        )}
        <FailureAlert failure={isStale ? changed(profile) : failure} />
        {isStale && (
          <div class="milvus-nb-inset-buttons">
            <Button
              name={trans.__('Load it as it is now')}
              kind="plain"
              onClick={() => leave(onLoad)}
            >
              {trans.__('Load it as it is now')}
            </Button>
          </div>
        )}
        <div class="milvus-nb-inset-buttons">
          <Button name={trans.__('Save')} kind="primary" submit busy={running} disabled={isStale}>
            {running ? trans.__('Saving…') : trans.__('Save')}
          </Button>
          <Button name={trans.__('Cancel')} kind="plain" onClick={close} />
        </div>
      </form>
    </Inset>
  );
}

function noName(name: string): Failure {
  const what =
    name === ''
      ? trans.__('The profile needs a name.')
      : trans.__('%1 cannot be the name of a profile.', name);
  return failed(what, nameProblem(name), '');
}

/** Somebody else has changed what is edited, by hand or in another page. */
function changed({ name, path }: Profile): Failure {
  return failed(
    trans.__('The profile %1 is not what was shown any more.', name),
    trans.__('Somebody has changed it in %1.', path),
    trans.__('What you have typed is not saved over that. Load it, and change that.'),
  );
}

function titleOf(row: Row | null, profile: Profile | null): string {
  if (profile !== null) {
    return trans.__('Edit the profile %1', profile.name);
  }
  return row === null ? trans.__('New profile') : trans.__('Save %1 as a profile', row.alias);
}

/** What was typed, as it is sent. */
function wantedOf(
  data: FormData,
  choice: string,
  row: Row | null,
  profile: Profile | null,
): SaveProfile {
  const text = (name: string): string => typedIn(data, name).trim();
  const wanted: SaveProfile = {
    ...(profile ? keptOf(profile) : {}),
    name: text('name') || (row?.alias ?? ''),
    was: profile?.name ?? '',
    ...(profile ? { seen: profile.revision } : {}),
    alias: row?.alias ?? '',
    project: profile?.is_project ?? data.has('project'),
    replace: profile !== null || data.has('replace'),
    confirm: data.has('confirm'),
    default: data.has('default'),
    autoconnect: data.has('autoconnect'),
  };
  for (const name of TEXTS) {
    if (data.has(name)) {
      wanted[name] = text(name);
    }
  }
  if (row === null) {
    wanted.user = text('user');
  }
  if (data.has('secret') && choice !== 'none') {
    wanted.secret = choice === 'env' ? `env:${text('variable')}` : choice;
  } else {
    delete wanted.secret;
  }
  // A secret is taken to the letter: blanks at its ends may belong to it.
  const typed = typedIn(data, 'typed');
  return typed === '' ? wanted : { ...wanted, typed };
}

/** What the form does not show, and must not lose. */
function keptOf(profile: Profile): Partial<SaveProfile> {
  const { ca_pem_path, server_pem_path, client_pem_path, client_key_path, server_name } = profile;
  return {
    ca_pem_path,
    server_pem_path,
    client_pem_path,
    client_key_path,
    server_name,
    ...(profile.secure === null ? {} : { secure: profile.secure }),
    ...(profile.timeout === null ? {} : { timeout: profile.timeout }),
  };
}

function Check({ name, text, checked }: { name: string; text: string; checked: boolean }) {
  return (
    <label class="milvus-nb-check">
      <input type="checkbox" name={name} defaultChecked={checked} />
      <span>{text}</span>
    </label>
  );
}
