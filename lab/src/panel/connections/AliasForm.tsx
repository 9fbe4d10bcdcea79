import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { Failure } from '../../protocol/messages';
import type { Actions } from '../../state/actions';
import { failureOf } from '../../state/failures';
import { trans } from '../../state/i18n';
import { Button } from '../parts/Button';
import { FailureAlert } from '../parts/FailureAlert';
import { Field } from '../parts/Field';
import { Inset } from '../parts/Inset';
import { submitOnEnter } from '../parts/submitOnEnter';

interface Props {
  name: string;
  /** What is proposed. */
  initial: string;
  actions: Actions;
  onGiven: (alias: string) => void;
  onClose: () => void;
}

/** Gives an alias to what somebody else has opened. */
export function AliasForm({ name, initial, actions, onGiven, onClose }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [running, setRunning] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  useLayoutEffect(() => input.current?.select(), []);

  const give = async (): Promise<void> => {
    if (running) {
      return;
    }
    setRunning(true);
    setFailure(null);
    try {
      onGiven(await actions.adopt(name, input.current?.value.trim() ?? ''));
    } catch (error) {
      setFailure(failureOf(error));
      setRunning(false);
      input.current?.focus();
    }
  };

  return (
    <Inset label={trans.__('An alias for %1', name)} framed onClose={onClose}>
      <form
        class="milvus-nb-alias-form"
        autocomplete="off"
        noValidate
        onSubmit={event => {
          event.preventDefault();
          void give();
        }}
        onKeyDown={submitOnEnter}
      >
        <Field label={trans.__('Alias')} name="alias" initial={initial} inputRef={input} />
        <div class="milvus-nb-inset-buttons">
          <Button name={trans.__('Give alias')} kind="primary" submit busy={running} />
          <Button name={trans.__('Cancel')} kind="plain" onClick={onClose} />
        </div>
      </form>
      <FailureAlert failure={failure} />
    </Inset>
  );
}
