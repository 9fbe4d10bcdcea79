import { useEffect, useRef, useState } from 'preact/hooks';

import { type Actions, failureOf } from '../actions';
import { freeAlias, isFile, splitCredentials } from '../address';
import { type Kept, readForm, type SignIn, signInFailed } from '../form';
import type { ConnectParams, Failure, Stage } from '../messages';
import { Button } from './Button';
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

type Outcome = { passed: true } | { passed: false; failure: Failure } | null;

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
  const [stages, setStages] = useState<Stage[]>([]);
  const [outcome, setOutcome] = useState<Outcome>(null);

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

  const attempt = async <T,>(
    params: ConnectParams,
    start: (
      params: ConnectParams,
      onStages: (stages: Stage[]) => void,
    ) => {
      id: number;
      answer: Promise<T>;
    },
  ): Promise<{ result: T } | null> => {
    let latest: Stage[] = [];
    setStages([]);
    setOutcome(null);
    const { id, answer } = start(params, stages => {
      latest = stages;
      setStages(stages);
    });
    setRunning(id);
    const secret = params.password ?? params.token ?? params.secret_from;
    const usedSignIn: SignIn = params.user === undefined ? 'token' : 'password';
    const nowKept = secret === undefined ? null : { request: id, signIn: usedSignIn };
    try {
      const result = await answer;
      setKept(nowKept);
      return { result };
    } catch (error) {
      setOutcome({ passed: false, failure: failureOf(error) });
      if (signInFailed(latest)) {
        if (nowKept !== null) {
          actions.forget(id);
        }
        setKept(null);
        (usedSignIn === 'password' ? password : token).current?.focus();
      } else {
        setKept(nowKept);
      }
      return null;
    } finally {
      setRunning(null);
    }
  };

  const connect = async (): Promise<void> => {
    const params = take();
    if (params === null) {
      return;
    }
    const done = await attempt(params, (p, onStages) => actions.connect(p, onStages));
    if (done !== null) {
      onConnected(done.result.alias);
    }
  };

  const test = async (): Promise<void> => {
    const params = take();
    if (params === null) {
      return;
    }
    const done = await attempt(params, (p, onStages) => actions.test(p, onStages));
    if (done !== null) {
      setStages(done.result.stages);
      setOutcome({ passed: true });
    }
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
        void connect();
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
      {stages.length > 0 && <Stages stages={stages} />}
      <Result running={running !== null} outcome={outcome} />
      <div class="milvus-nb-form-buttons">
        <Button name="Cancel" kind="plain" onClick={cancel}>
          Cancel
        </Button>
        <Button name="Test" kind="plain" busy={running !== null} onClick={() => void test()}>
          Test
        </Button>
        <Button name="Connect" kind="primary" submit busy={running !== null}>
          Connect
        </Button>
      </div>
    </form>
  );
}

function Result({ running, outcome }: { running: boolean; outcome: Outcome }) {
  return (
    <>
      <div class="milvus-nb-result" role="status">
        {running && <p>Asking the server…</p>}
        {outcome?.passed === true && <p>Everything answers. Nothing was connected.</p>}
      </div>
      <div class="milvus-nb-result milvus-nb-mod-failed" role="alert">
        {outcome?.passed === false && <FailureText failure={outcome.failure} />}
      </div>
    </>
  );
}
