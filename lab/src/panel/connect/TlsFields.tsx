import type { Ref } from 'preact';

import { trans } from '../../state/i18n';
import { EXAMPLE_PEM } from '../parts/examples';
import { Button } from '../parts/Button';
import { Field } from '../parts/Field';
import { chooseText } from './offers';

const FILES: [keyof typeof EXAMPLE_PEM, () => string][] = [
  ['ca_pem_path', () => trans.__('CA certificate')],
  ['server_pem_path', () => trans.__('Server certificate')],
  ['client_pem_path', () => trans.__('Client certificate')],
  ['client_key_path', () => trans.__('Client key')],
];

interface Props {
  disabled: boolean;
  /** Lets the user choose a file for the box of that name; null where nothing can. */
  onChoose: ((name: string) => void) | null;
  foldRef: Ref<HTMLDetailsElement>;
}

/** What few connections need. The files are read by the kernel, where it runs. */
export function TlsFields({ disabled, onChoose, foldRef }: Props) {
  return (
    <details class="milvus-nb-tls" ref={foldRef}>
      <summary>{trans.__('TLS and timing')}</summary>
      <div class="milvus-nb-group">
        <fieldset disabled={disabled}>
          <label class="milvus-nb-check milvus-nb-mod-wide">
            <input type="checkbox" name="secure" />
            <span>{trans.__('Use TLS, also where the address does not say https')}</span>
          </label>
          {FILES.map(([name, label]) => (
            <Field label={label()} name={name} placeholder={EXAMPLE_PEM[name]} key={name}>
              {onChoose !== null && (
                <Button name={chooseText(name)} kind="plain" onClick={() => onChoose(name)}>
                  {trans.__('Choose…')}
                </Button>
              )}
            </Field>
          ))}
          <p class="milvus-nb-label milvus-nb-mod-wide">
            {onChoose === null
              ? trans.__('The files are read where the kernel runs: write their paths there.')
              : trans.__('The files are read where the kernel runs.')}
          </p>
          <Field
            label={trans.__('Server name')}
            name="server_name"
            placeholder={trans.__('as in its certificate')}
          />
        </fieldset>
        <Field label={trans.__('Timeout (s)')} name="timeout" numeric placeholder="5" />
      </div>
    </details>
  );
}
