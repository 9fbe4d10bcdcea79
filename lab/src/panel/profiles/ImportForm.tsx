import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { Failure, Importable, Importables, Imported } from '../../protocol/messages';
import { failureOf } from '../../state/failures';
import { trans } from '../../state/i18n';
import { Button } from '../parts/Button';
import { FailureAlert } from '../parts/FailureAlert';
import { Inset } from '../parts/Inset';
import { submitOnEnter } from '../parts/submitOnEnter';

interface Props {
  offered: Importables;
  onImport: (ids: string[]) => Promise<Imported>;
  onDone: (text: string) => void;
  onClose: () => void;
}

/** What the Milvus CLI has saved, to be chosen from; what is imported is what is shown. */
export function ImportForm({ offered, onImport, onDone, onClose }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [running, setRunning] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isNone, setNone] = useState(false);
  const title = trans.__('Import from the Milvus CLI');
  const { path, found } = offered;
  useLayoutEffect(() => form.current?.querySelector('input')?.focus(), []);

  const chosen = (): string[] => {
    const boxes = form.current?.querySelectorAll<HTMLInputElement>('input:checked') ?? [];
    return [...boxes].map(box => box.value);
  };

  const bring = async (): Promise<void> => {
    const ids = chosen();
    if (running || ids.length === 0) {
      return;
    }
    setRunning(true);
    setFailure(null);
    try {
      onDone(outcome(await onImport(ids)));
    } catch (error) {
      setFailure(failureOf(error));
      setRunning(false);
    }
  };

  return (
    <Inset label={title} framed onClose={onClose}>
      <form
        ref={form}
        class="milvus-nb-profile-form"
        aria-label={title}
        noValidate
        onSubmit={event => {
          event.preventDefault();
          void bring();
        }}
        onKeyDown={submitOnEnter}
        onChange={() => setNone(chosen().length === 0)}
      >
        <p class="milvus-nb-what">{title}</p>
        <ul class="milvus-nb-import-list" role="list">
          {found.map(one => (
            <Line one={one} key={one.id || one.problem} />
          ))}
        </ul>
        {found.some(one => one.has_secret) && (
          <p class="milvus-nb-import-note">
            {trans.__(
              'Passwords and tokens go into the keyring; without one, they are asked for. They stay in clear in %1.',
              path,
            )}
          </p>
        )}
        <FailureAlert failure={failure} />
        <div class="milvus-nb-inset-buttons">
          <Button name={trans.__('Import')} kind="primary" submit busy={running} disabled={isNone}>
            {running ? trans.__('Importing…') : trans.__('Import')}
          </Button>
          <Button name={trans.__('Cancel')} kind="plain" onClick={onClose} />
        </div>
      </form>
    </Inset>
  );
}

function Line({ one }: { one: Importable }) {
  const { id, name, place, user, has_secret, problem } = one;
  const who = user || (has_secret ? trans.__('token') : '');
  return (
    <li>
      <label class="milvus-nb-check">
        {problem === '' && <input type="checkbox" value={id} defaultChecked />}
        <span>
          {name !== '' && <span class="milvus-nb-import-name milvus-nb-data">{name}</span>}
          <span class="milvus-nb-import-note milvus-nb-data">
            {problem === ''
              ? [place, who].filter(Boolean).join(' · ')
              : trans.__('%1 It is left out.', problem)}
          </span>
        </span>
      </label>
    </li>
  );
}

function outcome({ names, left }: Imported): string {
  const done = names.length === 0 ? [] : [trans.__('Imported %1.', names.join(', '))];
  return [...done, ...left].join('\n');
}
