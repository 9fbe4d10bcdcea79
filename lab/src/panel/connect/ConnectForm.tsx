import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type {
  ConnectParams,
  Failure,
  Offer,
  Pasted,
  Row,
  SaveProfile,
  Stage,
} from '../../protocol/messages';
import { type Actions, soFar } from '../../state/actions';
import { failed, failureOf, requestOf } from '../../state/failures';
import { freeAlias } from '../../state/alias';
import { trans } from '../../state/i18n';
import { Button } from '../parts/Button';
import { EXAMPLE_ADDRESS, EXAMPLE_DATABASE } from '../parts/examples';
import { Field } from '../parts/Field';
import { HERE, Sentence } from '../parts/Sentence';
import { submitOnEnter } from '../parts/submitOnEnter';
import { isFile, isMistyped, isMoreThanAddress } from './address';
import { useBoxes } from './boxes';
import { ConnectButton } from './ConnectButton';
import { useFiles } from './files';
import {
  type Draft,
  draftOf,
  filledIn,
  fillForm,
  isTlsGiven,
  type Kept,
  readForm,
  secondsIn,
  secretOf,
  type SignIn,
  signInFailed,
  type Start,
  tlsFailed,
} from './form';
import { addressAfter, boxesAfter, chooseText, isTriedAtOnce, leadingOn } from './offers';
import { CheckReport } from '../report/CheckReport';
import { Progress, type Task } from './Progress';
import { SaveFields } from './SaveFields';
import { notSaved, profileWanted, unfitName } from './saving';
import { SignInFields } from './SignInFields';
import { TlsFields } from './TlsFields';

interface Props {
  actions: Actions;
  /** Null for a new connection. */
  start: Start | null;
  /** What was typed into one that has gone without being closed; so it is kept of this one. */
  draft?: Draft | undefined;
  /** The profiles that there are, by name. */
  profiles: ReadonlySet<string>;
  /** The aliases in use. */
  taken: ReadonlyMap<string, unknown>;
  /** What it connects just now, or "". */
  onAttempt: (alias: string) => void;
  onConnected: (alias: string) => void;
  /** Asks whether a project's profile may be used, and connects it then. */
  onTrust: (profile: string) => void;
  onClose: () => void;
}

/** A new connection, and how far it has come. It stays open until it has worked. */
export function ConnectForm(props: Props) {
  const { actions, start, draft, profiles, taken, onAttempt, onConnected, onTrust, onClose } =
    props;
  const row = start?.row ?? null;
  const files = useFiles(actions);
  const boxes = useBoxes(start !== null || !draft?.typed);
  const feet = useRef<HTMLDivElement>(null);
  const isClosed = useRef(false);
  const [initialAlias] = useState(() => row?.alias ?? freeAlias(taken));
  const [alias, setAlias] = useState(initialAlias);
  const meant = alias || 'default';
  const [signIn, setSignIn] = useState<SignIn>('none');
  const [lite, setLite] = useState(false);
  const [kept, setKept] = useState<Kept | null>(null);
  // The alias that is in use, as far as only the kernel knew it.
  const [refused, setRefused] = useState('');
  const [running, setRunning] = useState<number | null>(null);
  const [task, setTask] = useState<Task>('connect');
  const [pasted, setPasted] = useState<Pasted | null>(null);
  const [report, setReport] = useState(() => soFar([]));
  const [changed, setChanged] = useState(false);
  const [saves, setSaves] = useState(false);
  // What stands and is not saved yet, or "".
  const [unsaved, setUnsaved] = useState('');
  // What is to be done as soon as what was changed by it is drawn.
  const [then, setThen] = useState<(() => void) | null>(null);

  useLayoutEffect(() => {
    if (start !== null) {
      show(filledIn(start.row));
      offer(start.offer, start.row);
    } else if (draft?.typed) {
      show(draft.typed);
    }
    if (draft !== undefined) {
      draft.typed = null;
    }
    return () => {
      if (draft !== undefined && start === null && !isClosed.current && boxes.form.current) {
        draft.typed = draftOf(new FormData(boxes.form.current));
      }
    };
  }, []);
  useLayoutEffect(() => then?.(), [then]);

  // The answer is to be read where it was asked for, wherever that was scrolled to.
  useEffect(() => feet.current?.scrollIntoView({ block: 'nearest' }), [running, report.failure]);

  /** What was typed, with the secrets taken out of the page; null while something runs. */
  const take = (): ConnectParams | null => {
    if (boxes.form.current === null || running !== null) {
      return null;
    }
    const params = readForm(new FormData(boxes.form.current), signIn, kept, row);
    boxes.emptySecrets();
    return params;
  };

  /** Have what was pasted read, and fill in the form with it. The secret in it stays in the kernel. */
  const readPasted = async (text: string): Promise<void> => {
    if (boxes.address.current !== null) {
      boxes.address.current.value = '';
    }
    const { id, answer } = actions.paste(text);
    setPasted(null);
    setTask('paste');
    setReport(soFar([]));
    setRunning(id);
    try {
      fillIn(id, await answer);
    } catch (error) {
      boxes.renewAddress(isMistyped(text) ? text.trim() : '');
      setReport({ ...soFar([]), failure: failureOf(error) });
    }
    setRunning(null);
  };

  const fillIn = (request: number, found: Pasted): void => {
    if (boxes.form.current === null) {
      actions.forget(request); // it was closed meanwhile
      return;
    }
    show(found);
    keep(found.has_secret ? { request, signIn: found.sign_in, pasted: true } : null);
    setPasted(found);
  };

  /** Fill in what is known. */
  const show = (found: Pasted): void => {
    if (boxes.form.current === null) {
      return;
    }
    boxes.emptySecrets();
    boxes.renewAddress(found.address);
    setAlias(fillForm(boxes.form.current, found));
    if (isTlsGiven(found)) {
      boxes.unfold();
    }
    setLite(isFile(found.address));
    setSignIn(found.sign_in);
  };

  /** Do what was offered; where no secret goes anywhere new by it, it is tried at once. */
  const offer = (chosen: Offer, begun: Row | null = null): void => {
    const { action, value } = chosen;
    if (action === 'trust') {
      cancel();
      onTrust(value);
      return;
    }
    const replaced = addressAfter(chosen, begun?.again.address ?? boxes.typedAddress());
    if (replaced !== null) {
      boxes.renewAddress(replaced, false);
    }
    for (const [name, text] of Object.entries(boxesAfter(chosen))) {
      boxes.fill(name, text);
    }
    if (action === 'no-tls') {
      boxes.check('secure', false);
    }
    if (action === 'replace') {
      setRefused(meant);
    }
    if (action === 'other-alias') {
      const free = freeAlias(new Set([...taken.keys(), meant]), meant);
      boxes.fill('alias', free);
      setAlias(free);
    }
    const signs =
      action !== 'sign-in' ? (begun?.auth ?? signIn) : value === 'token' ? 'token' : 'password';
    setSignIn(signs);
    setReport(soFar([]));
    const atOnce = begun === null && isTriedAtOnce(chosen, signs !== 'none');
    setChanged(!atOnce && action !== 'sign-in' && action !== 'choose-file');
    // A function in a state is wrapped, or it would be called.
    setThen(() => () => {
      if (action === 'replace') {
        boxes.check('replace', true);
      }
      if (atOnce) {
        const creates = action === 'create-database';
        void attempt(task === 'test' && !creates ? 'test' : 'connect', creates);
      } else {
        goOn(chosen, signs);
      }
    });
  };

  /** Put the focus where the user goes on after what was offered. */
  const goOn = ({ action, value }: Offer, signs: SignIn): void => {
    if (action === 'choose-file') {
      void chooseFile(value);
    } else if (action === 'sign-in' || (row !== null && signs !== 'none')) {
      const who = signs === 'password' && boxes.user.current?.value === '' ? boxes.user : null;
      (who ?? (signs === 'password' ? boxes.password : boxes.token)).current?.focus();
    } else {
      boxes.form.current?.querySelector<HTMLElement>('[type=submit]')?.focus();
    }
  };

  /** Go to the box of a file, and fill it with one that is chosen where that can be. */
  const chooseFile = async (name: string): Promise<void> => {
    boxes.unfold();
    boxes.named(name)?.focus();
    const path = await files.choose(chooseText(name));
    if (path !== null) {
      boxes.fill(name, path);
      boxes.named(name)?.focus();
    }
  };

  /** Keep another secret than before, or none. */
  const keep = (next: Kept | null): void => {
    if (kept !== null) {
      actions.forget(kept.request);
    }
    setKept(next);
  };

  /** Whether a text is none to be put into the address box as it is; then the kernel reads it. */
  const isPasted = (text: string): boolean => {
    const more = isMoreThanAddress(text);
    if (more && running === null) {
      void readPasted(text);
    }
    return more;
  };

  const attempt = async (next: 'connect' | 'test', creates = false): Promise<void> => {
    // What was typed is read first, and can be looked at, before anything is sent on.
    if (isPasted(boxes.typedAddress())) {
      return;
    }
    const wanted = next === 'connect' && saves ? wantedProfile() : null;
    const unfit = wanted === null ? null : unfitName(wanted, profiles);
    if (unfit !== null) {
      setReport({ ...soFar([]), failure: unfit });
      boxes.named('profile_name')?.focus();
      return;
    }
    const refusal = actions.refusal ?? timeoutProblem();
    if (refusal !== null) {
      setReport({ ...soFar([]), failure: refusal });
      return;
    }
    const params = take();
    if (params === null) {
      return;
    }
    setAlias(params.alias); // also where it was filled in without a key
    if (creates) {
      params.create_database = true;
    }
    let found = soFar([]);
    let hasArrived = true;
    const tell = (stages: Stage[]): void => {
      found = soFar(stages);
      setReport(found);
    };
    const ask = next === 'connect' ? actions.open : actions.examine;
    const { id, answer } = ask(params, tell);
    setTask(next);
    setPasted(null);
    setChanged(false);
    setReport(found);
    setRunning(id);
    if (next === 'connect') {
      onAttempt(params.alias || 'default');
    }
    try {
      const result = await answer;
      if ('alias' in result) {
        onAttempt('');
        await finish(result.alias, wanted);
        return;
      }
      found = result;
    } catch (error) {
      found = { ...found, failure: failureOf(error) };
      hasArrived = requestOf(error) !== null;
    }
    setReport(found);
    setRunning(null);
    onAttempt('');
    if (tlsFailed(found)) {
      boxes.unfold();
    }
    const sent = secretOf(id, params);
    if (!hasArrived && params.secret_from !== undefined) {
      return; // it is kept as it was
    }
    if (sent === null || (hasArrived && !signInFailed(found.stages))) {
      setKept(sent);
      return;
    }
    setKept(null);
    if (hasArrived) {
      actions.forget(id);
    }
    (params.user === undefined ? boxes.token : boxes.password).current?.focus();
  };

  /** Why the seconds that were typed are none; their box has the focus then. */
  const timeoutProblem = (): Failure | null => {
    const typed = boxes.named('timeout')?.value.trim() ?? '';
    if (typed === '' || secondsIn(typed) > 0) {
      return null;
    }
    boxes.unfold();
    boxes.named('timeout')?.focus();
    return failed(
      trans.__('The timeout %1 is not a number of seconds.', typed),
      trans.__('Nothing was connected.'),
      trans.__('Write one like 5 or 0.5, or leave it empty.'),
    );
  };

  const wantedProfile = (): SaveProfile =>
    profileWanted(new FormData(boxes.form.current ?? undefined), unsaved || meant);

  /** It stands: save it where that is wanted. What could not be saved is said, and stays. */
  const finish = async (connected: string, wanted: SaveProfile | null): Promise<void> => {
    try {
      if (wanted !== null) {
        await actions.save({ ...wanted, alias: connected });
      }
      isClosed.current = true;
      onConnected(connected);
    } catch (error) {
      setUnsaved(connected);
      setReport({ ...soFar([]), failure: notSaved(connected, error) });
      setRunning(null);
    }
  };

  const saveOnly = (): void => {
    if (running === null) {
      setRunning(0);
      setReport(soFar([]));
      void finish(unsaved, wantedProfile());
    }
  };

  const choose = (next: boolean): void => {
    setSaves(next);
    setThen(() => () => boxes.named('profile_name')?.focus());
  };

  const cancel = (): void => {
    if (unsaved !== '') {
      isClosed.current = true;
      onConnected(unsaved);
      return;
    }
    if (running !== null && task !== 'paste') {
      actions.cancel(running);
      return;
    }
    boxes.emptySecrets();
    if (kept !== null) {
      actions.forget(kept.request);
    }
    isClosed.current = true;
    onClose();
  };

  const title = row === null ? trans.__('New connection') : trans.__('Connect %1 again', row.alias);
  const endText = unsaved === '' ? trans.__('Cancel') : trans.__('Close');
  const saveText = unsaved === '' ? trans.__('Save & Connect') : trans.__('Save');
  const mainText = saves ? saveText : trans.__('Connect');
  const guarded = row !== null && row.profile !== '';
  const isTaken = taken.has(meant) || refused === meant;
  return (
    <form
      ref={boxes.form}
      class="milvus-nb-form"
      aria-label={title}
      autocomplete="off"
      noValidate
      onSubmit={event => {
        event.preventDefault();
        if (unsaved === '') {
          void attempt('connect');
        } else {
          saveOnly();
        }
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          cancel();
        } else {
          submitOnEnter(event);
        }
      }}
    >
      <h3 class="milvus-nb-form-title">{title}</h3>
      <div class="milvus-nb-group">
        <fieldset disabled={guarded}>
          <Field
            width="whole"
            key={boxes.addressBox.number}
            initial={boxes.addressBox.text}
            label={trans.__('Address')}
            name="address"
            inputRef={boxes.address}
            focusKey="address"
            placeholder={EXAMPLE_ADDRESS}
            onInput={text => setLite(isFile(text))}
            onLeave={() => isPasted(boxes.typedAddress())}
            onPaste={isPasted}
          />
          <Field
            label={trans.__('Alias')}
            name="alias"
            initial={initialAlias}
            onInput={text => setAlias(text.trim())}
          />
          <Field label={trans.__('Database')} name="db_name" placeholder={EXAMPLE_DATABASE} />
        </fieldset>
        <SignInFields
          value={lite ? 'none' : signIn}
          onChange={setSignIn}
          kept={kept}
          disabled={lite}
          user={boxes.user}
          password={boxes.password}
          token={boxes.token}
        />
        {isTaken && unsaved === '' && !(running !== null && task === 'connect') && (
          <label class="milvus-nb-check milvus-nb-mod-wide">
            <input type="checkbox" name="replace" defaultChecked={row !== null} />
            <span>
              <Sentence text={trans.__('Replace the connection %1', HERE)}>
                <span class="milvus-nb-data">{meant}</span>
              </Sentence>
            </span>
          </label>
        )}
      </div>
      {saves && (
        <SaveFields
          alias={unsaved || meant}
          hasSecret={!lite && signIn !== 'none'}
          profiles={profiles}
        />
      )}
      <TlsFields
        disabled={lite || guarded}
        onChoose={files.canChoose ? name => void chooseFile(name) : null}
        foldRef={boxes.fold}
      />
      {task === 'test' && <CheckReport label={trans.__('Connection check')} report={report} />}
      <div class="milvus-nb-form-feet" ref={feet}>
        <Progress
          task={task}
          running={running !== null}
          report={report}
          pasted={pasted}
          changed={changed}
          offers={leadingOn(
            report.failure?.offers ?? [],
            signIn,
            boxes.named('timeout')?.value ?? '',
            guarded,
          )}
          alias={meant}
          onOffer={offer}
        />
        <div class="milvus-nb-form-buttons">
          <Button name={endText} kind="plain" onClick={cancel}>
            {endText}
          </Button>
          <Button
            name={trans.__('Test')}
            kind="plain"
            busy={running !== null}
            onClick={() => void attempt('test')}
          />
          <ConnectButton
            text={mainText}
            busy={running !== null}
            canSave={!guarded && unsaved === ''}
            onChoose={choose}
          />
        </div>
      </div>
    </form>
  );
}
