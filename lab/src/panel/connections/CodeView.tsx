import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { Code, Failure, Row } from '../../protocol/messages';
import type { Actions } from '../../state/actions';
import { failureOf } from '../../state/failures';
import { trans } from '../../state/i18n';
import type { Store } from '../../state/store';
import { Button } from '../parts/Button';
import { copyElement } from '../parts/clipboard';
import { FailureAlert } from '../parts/FailureAlert';
import { useUniqueId } from '../parts/hooks';
import { Inset } from '../parts/Inset';
import { languageWord } from './code';

interface Props {
  row: Row;
  store: Store;
  actions: Actions;
  onClose: () => void;
}

/** A connection as code in a language of choice, to be copied. */
export function CodeView({ row, store, actions, onClose }: Props) {
  const { alias } = row;
  const id = useUniqueId();
  const select = useRef<HTMLSelectElement>(null);
  const code = useRef<HTMLElement>(null);
  const [language, setLanguage] = useState(store.language);
  const [words, setWords] = useState<Code['words']>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [said, setSaid] = useState('');

  useLayoutEffect(() => select.current?.focus(), []);

  useEffect(() => {
    let current = true;
    setSaid('');
    actions.code(alias, language).then(
      found => {
        if (current) {
          setWords(found);
          setFailure(null);
        }
      },
      (error: unknown) => {
        if (current) {
          setWords([]);
          setFailure(failureOf(error));
        }
      },
    );
    return () => {
      current = false;
    };
  }, [alias, language, row.endpoint, row.db_name]);

  const copy = async (): Promise<void> => {
    if (code.current !== null) {
      const copied = await copyElement(code.current);
      setSaid(
        copied ? trans.__('Copied') : trans.__('Not allowed here: press Ctrl+C, it is selected.'),
      );
    }
  };

  const languages = store.languages.includes(language)
    ? store.languages
    : [language, ...store.languages];
  return (
    <Inset label={trans.__('%1 as code', alias)} onClose={onClose}>
      <div class="milvus-nb-code-bar">
        <label class="milvus-nb-hidden" for={id}>
          {trans.__('Language')}
        </label>
        <select
          ref={select}
          id={id}
          class="milvus-nb-input"
          value={language}
          onChange={event => setLanguage(event.currentTarget.value)}
        >
          {languages.map(name => (
            <option value={name} key={name}>
              {languageWord(name)}
            </option>
          ))}
        </select>
        <div class="milvus-nb-inset-buttons">
          <Button
            name={trans.__('Copy')}
            kind="plain"
            disabled={words.length === 0}
            onClick={() => void copy()}
          />
          <Button name={trans.__('Close')} kind="plain" onClick={onClose} />
        </div>
        <span class="milvus-nb-said" role="status">
          {said}
        </span>
      </div>
      {words.length > 0 && (
        <pre
          class="milvus-nb-code"
          role="group"
          tabIndex={0}
          aria-label={trans.__('Code for %1', alias)}
        >
          <code ref={code}>
            {words.map(([kind, text]) =>
              kind === '' ? text : <span data-kind={kind}>{text}</span>,
            )}
          </code>
        </pre>
      )}
      <FailureAlert failure={failure} />
    </Inset>
  );
}
