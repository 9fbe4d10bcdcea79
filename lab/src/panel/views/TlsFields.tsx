import type { Ref } from 'preact';

import { Field } from './Field';

interface Props {
  disabled: boolean;
  foldRef: Ref<HTMLDetailsElement>;
}

/** What few connections need. The files are read by the kernel, where it runs. */
export function TlsFields({ disabled, foldRef }: Props) {
  return (
    <details class="milvus-nb-tls" ref={foldRef}>
      <summary>TLS and timing</summary>
      <div class="milvus-nb-group">
        <fieldset disabled={disabled}>
          <label class="milvus-nb-check milvus-nb-mod-wide">
            <input type="checkbox" name="secure" />
            <span>Use TLS, also where the address does not say https</span>
          </label>
          <Field label="CA certificate" name="ca_pem_path" placeholder="ca.pem" />
          <Field label="Server certificate" name="server_pem_path" placeholder="server.pem" />
          <Field label="Client certificate" name="client_pem_path" placeholder="client.pem" />
          <Field label="Client key" name="client_key_path" placeholder="client.key" />
          <Field label="Server name" name="server_name" placeholder="as in its certificate" />
        </fieldset>
        <Field label="Timeout (s)" name="timeout" numeric placeholder="5" />
      </div>
    </details>
  );
}
