import { useEffect, useState } from 'preact/hooks';

import type { Failure, Profile, Report } from '../../protocol/messages';
import { soFar } from '../../state/actions';
import { failureOf, requestOf } from '../../state/failures';
import { database } from '../../state/format';
import { trans } from '../../state/i18n';
import {
  asksForSecret,
  type Given,
  hasChanged,
  keepsSecret,
  needsSecret,
  type ProfileActions,
  signInFacts,
} from '../../state/profiles';
import { Button } from '../parts/Button';
import { Facts } from '../parts/Facts';
import { FailureText } from '../parts/FailureText';
import type { FocusOn } from '../parts/hooks';
import { DisconnectIcon } from '../parts/icons';
import { Inset } from '../parts/Inset';
import { Name } from '../parts/Name';
import { RowMenu } from '../parts/RowMenu';
import { CheckReport } from '../report/CheckReport';
import { ProfileForm } from './ProfileForm';
import { ProfileQuestion } from './ProfileQuestion';

/** What was opened in the row: a question before it is done, a form, or what a test has found. */
type Opened = 'connect' | 'test' | 'delete' | 'edit' | 'report' | null;

interface Props {
  profile: Profile;
  /** Whether there is none of its name any more. */
  isGone: boolean;
  connected: boolean;
  actions: ProfileActions;
  focus: FocusOn;
  onDeleted: (text: string) => void;
  /** Called with it while it is edited, then with null. */
  onEdit: (profile: Profile | null) => void;
  onDisconnect?: ((profile: string) => void) | undefined;
  /** Another number each time that its question is wanted; 0: not. */
  asked: number;
  onAnswered?: (() => void) | undefined;
}

/** One saved connection: who and where, and what can be done with it. */
export function ProfileRow(props: Props) {
  const { profile, isGone, connected, actions, focus, onDeleted, onEdit } = props;
  const { onDisconnect, asked, onAnswered } = props;
  const { name, label, color, address, is_project, is_site } = profile;
  const [opened, setOpened] = useState<Opened>(null);
  // What a question has shown is what its answer is for, whatever the file says meanwhile.
  const [shown, setShown] = useState(profile);
  const [running, setRunning] = useState(false);
  const [report, setReport] = useState<Report | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  // The request under which the kernel keeps the secret that was typed.
  const [kept, setKept] = useState<number | null>(null);

  useEffect(() => {
    if (asked > 0) {
      begin('connect');
    }
  }, [asked]);

  const drop = (): void => {
    if (kept !== null) {
      actions.forget?.(kept);
      setKept(null);
    }
  };

  const close = (): void => {
    setOpened(null);
    onEdit(null);
    setFailure(null);
    drop();
    onAnswered?.();
    focus(`profile ${name}`);
  };

  const attempt = async (
    task: 'connect' | 'test',
    meant: Profile,
    secret: Given,
    work: () => Promise<void>,
  ): Promise<void> => {
    setRunning(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      const found = failureOf(error);
      setFailure(found);
      // The keyring may have none: then it can be typed.
      const held = task === 'connect' && secret !== '' ? requestOf(error) : null;
      if (held !== null && !keepsSecret(found)) {
        actions.forget?.(held);
      }
      const again = needsSecret(found) || (asksForSecret(meant) && !hasChanged(found));
      const isKept = held !== null && keepsSecret(found);
      setKept(isKept ? held : null);
      setOpened(again || isKept ? task : 'report');
    }
    setRunning(false);
  };

  const connect = (meant: Profile, secret: Given): Promise<void> =>
    attempt('connect', meant, secret, async () => {
      await actions.connect?.(meant, secret);
      setOpened(null);
      setKept(null);
      onAnswered?.();
    });

  const test = (meant: Profile, secret: string): Promise<void> =>
    attempt('test', meant, secret, async () => {
      setOpened('report');
      setReport(soFar([]));
      setReport(await actions.test(meant, secret, stages => setReport(soFar(stages))));
    });

  const remove = async (): Promise<void> => {
    setRunning(true);
    try {
      onDeleted(await actions.remove(name));
      focus('connect');
    } catch (error) {
      setFailure(failureOf(error));
      setRunning(false);
    }
  };

  const begin = (task: 'connect' | 'test'): void => {
    setReport(null);
    setFailure(null);
    drop();
    setShown(profile);
    const isNew = profile.permit !== '';
    if (isNew || asksForSecret(profile) || (task === 'connect' && profile.confirm)) {
      setOpened(task);
    } else {
      void (task === 'connect' ? connect(profile, '') : test(profile, ''));
    }
  };

  const failed = failure ?? report?.failure ?? null;
  return (
    <li class="milvus-nb-profile" aria-label={trans.__('Profile %1', name)}>
      <Name name={name} label={label} color={color} title={name}>
        {profile.default && <span class="milvus-nb-beside">{trans.__('default')}</span>}
        {(is_project || is_site) && (
          <span class="milvus-nb-beside" title={profile.path}>
            {is_site ? trans.__('site') : trans.__('project')}
          </span>
        )}
      </Name>
      <Facts
        class="milvus-nb-where"
        facts={[
          address,
          ...signInFacts(profile),
          ...(profile.db_name === '' ? [] : [database(profile)]),
        ]}
      />
      <div class="milvus-nb-buttons">
        {connected ? (
          <>
            <span class="milvus-nb-profile-state">{trans.__('Connected')}</span>
            {onDisconnect !== undefined && (
              <Button
                icon
                name={trans.__('Disconnect the profile %1', name)}
                focusKey={`profile ${name}`}
                onClick={() => onDisconnect(name)}
              >
                <DisconnectIcon />
              </Button>
            )}
          </>
        ) : (
          <Button
            name={actions.connect ? trans.__('Connect %1', name) : trans.__('Test %1', name)}
            focusKey={`profile ${name}`}
            busy={running}
            onClick={() => begin(actions.connect ? 'connect' : 'test')}
          >
            {running
              ? trans.__('Asking…')
              : actions.connect
                ? trans.__('Connect')
                : trans.__('Test')}
          </Button>
        )}
      </div>
      <RowMenu
        alias={trans.__('profile %1', name)}
        disabled={false}
        items={[
          { text: trans.__('Test'), onSelect: () => begin('test') },
          ...(is_site
            ? []
            : [
                {
                  text: trans.__('Edit'),
                  onSelect: () => {
                    setOpened('edit');
                    onEdit(profile);
                  },
                },
                { text: trans.__('Delete'), onSelect: () => setOpened('delete') },
              ]),
        ]}
      />
      <div class="milvus-nb-below">
        {(opened === 'connect' || opened === 'test') && (
          <ProfileQuestion
            profile={shown}
            task={opened}
            asks={
              asksForSecret(shown) || kept !== null || (failure !== null && needsSecret(failure))
            }
            kept={kept !== null}
            running={running}
            failure={failure}
            onYes={secret =>
              void (opened === 'connect'
                ? connect(shown, secret || (kept ?? ''))
                : test(shown, secret))
            }
            onNo={close}
          />
        )}
        {opened === 'delete' && (
          <ProfileQuestion
            profile={profile}
            task="delete"
            asks={false}
            running={running}
            failure={failure}
            onYes={() => void remove()}
            onNo={close}
          />
        )}
        {opened === 'edit' && (
          <ProfileForm
            row={null}
            profile={profile}
            isGone={isGone}
            actions={actions}
            onClose={close}
          />
        )}
        {opened === 'report' && (
          <Inset label={trans.__('Test of %1', name)} framed onClose={close}>
            {report !== null && (
              <CheckReport label={trans.__('Test of %1', name)} report={report} />
            )}
            {running && <p role="status">{trans.__('Asking the server…')}</p>}
            {!running && report !== null && report.failure === null && failure === null && (
              <p role="status">{trans.__('Everything answers. Nothing was connected.')}</p>
            )}
            <div class="milvus-nb-result milvus-nb-mod-failed" role="alert">
              {failed !== null && <FailureText failure={failed} />}
            </div>
            <div class="milvus-nb-inset-buttons">
              <Button name={trans.__('Close')} kind="plain" onClick={close} />
            </div>
          </Inset>
        )}
      </div>
    </li>
  );
}
