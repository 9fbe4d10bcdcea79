import type { Ref } from 'preact';

import { trans } from '../../state/i18n';
import { EXAMPLE_PEM } from '../parts/examples';
import { Field } from '../parts/Field';

interface Props {
  disabled: boolean;
  foldRef: Ref<HTMLDetailsElement>;
}

/** What few connections need. The files are read by the kernel, where it runs. */
export function TlsFields({ disabled, foldRef }: Props) {
  return (
    <details class="milvus-nb-tls" ref={foldRef}>
      <summary>{trans.__('TLS and timing')}</summary>
      <div class="milvus-nb-group">
        <fieldset disabled={disabled}>
          <label class="milvus-nb-check milvus-nb-mod-wide">
            <input type="checkbox" name="secure" />
            <span>{trans.__('Use TLS, also where the address does not say https')}</span>
          </label>
          <Field
            label={trans.__('CA certificate')}
            name="ca_pem_path"
            placeholder={EXAMPLE_PEM.ca_pem_path}
          />
          <Field
            label={trans.__('Server certificate')}
            name="server_pem_path"
            placeholder={EXAMPLE_PEM.server_pem_path}
          />
          <Field
            label={trans.__('Client certificate')}
            name="client_pem_path"
            placeholder={EXAMPLE_PEM.client_pem_path}
          />
          <Field
            label={trans.__('Client key')}
            name="client_key_path"
            placeholder={EXAMPLE_PEM.client_key_path}
          />
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
