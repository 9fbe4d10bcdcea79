import { useEffect, useRef, useState } from 'preact/hooks';

import { type Actions, EVERYTHING_ANSWERS, failureOf, soFar } from '../actions';
import { freeAlias, isFile, splitCredentials } from '../address';
import { type Kept, readForm, secretOf, type SignIn, signInFailed } from '../form';
import type { ConnectParams, Report, Stage } from '../messages';
import { Button } from './Button';
import { CheckReport } from './CheckReport';
import { FailureText } from './FailureText';
import { Field } from './Field';
import { SignInFields } from './SignInFields';
import { Stages } from './Stages';
import { TlsFields } from './TlsFields';

interface Props {
  actions: Actions;
  /** The aliases in use. */
  taken: ReadonlyMap<string, unknown>;
  onConnected: (alias: string) => void;
  onClose: () => void;
}

/** A new connection, and how far it has come. It stays open until it has worked. */
export function ConnectForm({ actions, taken, onConnected, onClose }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const address = useRef<HTMLInputElement>(null);
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const token = useRef<HTMLInputElement>(null);
  const [initialAlias] = useState(() => freeAlias(taken));
  const [alias, setAlias] = useState(initialAlias);
  const [signIn, setSignIn] = useState<SignIn>('none');
  const [lite, setLite] = useState(false);
  const [kept, setKept] = useState<Kept | null>(null);
  const [running, setRunning] = useState<number | null>(null);
  const [task, setTask] = useState<'connect' | 'test'>('connect');
  const [report, setReport] = useState(() => soFar([]));

  useEffect(() => address.current?.focus(), []);

  const emptySecrets = (): void => {
    for (const input of [password.current, token.current]) {
      if (input !== null) {
        input.value = '';
      }
    }
  };

  /** A password pasted as part of the address moves to where it is hidden. */
  const hideCredentials = (): void => {
    const split = splitCredentials(address.current?.value ?? '');
    if (split !== null && address.current && user.current && password.current) {
      address.current.value = split.address;
      user.current.value = split.user;
      password.current.value = split.password;
      setSignIn('password');
    }
  };

  /** What was typed, with the secrets taken out of the page; null while something runs. */
  const take = (): ConnectParams | null => {
    if (form.current === null || running !== null) {
      return null;
    }
    const split = splitCredentials(address.current?.value ?? '');
    hideCredentials();
    const params = readForm(new FormData(form.current), split ? 'password' : signIn, kept);
    if (split !== null) {
      // The fields of the password are still disabled at this moment, so the form left them out.
      params.user = split.user;
      params.password = split.password;
    }
    emptySecrets();
    return params;
  };

  const attempt = async (next: 'connect' | 'test'): Promise<void> => {
    const params = take();
    if (params === null) {
      return;
    }
    let found = soFar([]);
    const show = (stages: Stage[]): void => {
      found = soFar(stages);
      setReport(found);
    };
    const { id, answer } = actions[next](params, show);
    setTask(next);
    setReport(found);
    setRunning(id);
    try {
      const result = await answer;
      if ('alias' in result) {
        onConnected(result.alias);
        return;
      }
      found = result;
    } catch (error) {
      found = { ...found, failure: failureOf(error) };
    }
    setReport(found);
    setRunning(null);
    const sent = secretOf(id, params);
    if (!signInFailed(found.stages)) {
      setKept(sent);
      return;
    }
    setKept(null);
    if (sent !== null) {
      actions.forget(id);
    }
    (params.user === undefined ? token : password).current?.focus();
  };

  const cancel = (): void => {
    if (running !== null) {
      actions.cancel(running);
      return;
    }
    emptySecrets();
    if (kept !== null) {
      actions.forget(kept.request);
    }
    onClose();
  };

  return (
    <form
      ref={form}
      class="milvus-nb-form"
      aria-label="New connection"
      autocomplete="off"
      noValidate
      onSubmit={event => {
        event.preventDefault();
        void attempt('connect');
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          cancel();
        } else if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
          // JupyterLab keeps Enter in a cell from doing what it does in every form.
          event.preventDefault();
          event.currentTarget.requestSubmit();
        }
      }}
    >
      <h3 class="milvus-nb-form-title">New connection</h3>
      <div class="milvus-nb-group">
        <Field
          width="whole"
          label="Address"
          name="address"
          inputRef={address}
          placeholder="localhost:19530, https://…, ./file.db"
          onInput={text => setLite(isFile(text))}
          onLeave={hideCredentials}
        />
        <Field
          label="Alias"
          name="alias"
          initial={initialAlias}
          onInput={text => setAlias(text.trim())}
        />
        <Field label="Database" name="db_name" placeholder="default" />
        <SignInFields
          value={lite ? 'none' : signIn}
          onChange={setSignIn}
          kept={kept}
          disabled={lite}
          user={user}
          password={password}
          token={token}
        />
        {taken.has(alias) && (
          <label class="milvus-nb-check milvus-nb-mod-wide">
            <input type="checkbox" name="replace" />
            <span>
              Replace the connection <span class="milvus-nb-data">{alias}</span>
            </span>
          </label>
        )}
      </div>
      <TlsFields disabled={lite} />
      <Progress task={task} running={running !== null} report={report} />
      <div class="milvus-nb-form-buttons">
        <Button name="Cancel" kind="plain" onClick={cancel}>
          Cancel
        </Button>
        <Button
          name="Test"
          kind="plain"
          busy={running !== null}
          onClick={() => void attempt('test')}
        >
          Test
        </Button>
        <Button name="Connect" kind="primary" submit busy={running !== null}>
          Connect
        </Button>
      </div>
    </form>
  );
}

interface ProgressProps {
  task: 'connect' | 'test';
  running: boolean;
  report: Report;
}

/** How far a connect or a test has come, or how it has ended. */
function Progress({ task, running, report }: ProgressProps) {
  const { stages, failure } = report;
  const passed = task === 'test' && !running && failure === null;
  return (
    <>
      {task === 'test' && <CheckReport label="Connection check" report={report} />}
      {task === 'connect' && stages.length > 0 && <Stages stages={stages} />}
      <div class="milvus-nb-result" role="status">
        {running && <p>Asking the server…</p>}
        {passed && <p>{EVERYTHING_ANSWERS} Nothing was connected.</p>}
      </div>
      <div class="milvus-nb-result milvus-nb-mod-failed" role="alert">
        {failure !== null && <FailureText failure={failure} />}
      </div>
    </>
  );
}
