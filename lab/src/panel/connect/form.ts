import type { ConnectParams, Pasted, Report, Stage } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import { typedIn } from '../parts/typedIn';
import { isFile } from './address';

export type SignIn = 'none' | 'password' | 'token';

/** A secret that the kernel holds, so that it need not be typed again. */
export interface Kept {
  request: number;
  signIn: SignIn;
  /** It came with what was pasted, else with an earlier try. */
  pasted?: boolean;
}

const TLS_FIELDS = [
  'ca_pem_path',
  'server_pem_path',
  'client_pem_path',
  'client_key_path',
  'server_name',
] as const;
const TEXT_FIELDS = ['db_name', ...TLS_FIELDS] as const;

/** What was typed, as the kernel takes it. What is right and what is wrong, the kernel says. */
export function readForm(data: FormData, signIn: SignIn, kept: Kept | null): ConnectParams {
  const text = (name: string): string => typedIn(data, name).trim();
  const params: ConnectParams = { address: text('address'), alias: text('alias') };
  for (const name of TEXT_FIELDS) {
    const value = text(name);
    if (value !== '') {
      params[name] = value;
    }
  }
  if (!isFile(params.address)) {
    addSecret(params, data, signIn, kept);
  }
  if (data.has('secure')) {
    params.secure = true;
  }
  const timeout = text('timeout');
  if (timeout !== '') {
    params.timeout = Number(timeout);
  }
  if (data.has('replace')) {
    params.replace = true;
  }
  return params;
}

function addSecret(params: ConnectParams, data: FormData, signIn: SignIn, kept: Kept | null): void {
  if (signIn === 'none') {
    return;
  }
  if (signIn === 'password') {
    params.user = typedIn(data, 'user').trim();
  }
  // A secret is taken to the letter: blanks at its ends may belong to it.
  const secret = typedIn(data, signIn);
  if (secret !== '') {
    params[signIn] = secret;
  } else if (kept?.signIn === signIn) {
    params.secret_from = kept.request;
  }
}

/** The secret that a request carried, which the kernel then keeps; null if it had none. */
export function secretOf(request: number, params: ConnectParams): Kept | null {
  const secret = params.password ?? params.token ?? params.secret_from;
  const signIn = params.user === undefined ? 'token' : 'password';
  return secret === undefined ? null : { request, signIn };
}

/** Whether it was the sign-in that failed, so that the secret should be typed again. */
export function signInFailed(stages: Stage[]): boolean {
  return stages.some(stage => stage.name === 'sign_in' && stage.status === 'failed');
}

/** Whether it was TLS that failed, or that it was not used: then what can be said of it is shown. */
export function tlsFailed({ stages, failure }: Report): boolean {
  return (
    stages.some(stage => stage.name === 'tls' && stage.status === 'failed') ||
    /^tls-|-tls$/.test(failure?.cause ?? '')
  );
}

/** What its hint in an empty box says. */
export function keptHint(kept: Kept | null, signIn: SignIn): string {
  if (kept?.signIn !== signIn) {
    return '';
  }
  return kept.pasted
    ? trans.__('came with the paste')
    : trans.__('unchanged: the kernel has it from before');
}

/** The text boxes as they are to be after a paste; the alias stays where it has none. */
export function textsOf(pasted: Pasted): Map<string, string> {
  const texts = new Map<string, string>(TEXT_FIELDS.map(name => [name, pasted[name]]));
  texts.set('user', pasted.user);
  texts.set('timeout', pasted.timeout === null ? '' : String(pasted.timeout));
  if (pasted.alias !== '') {
    texts.set('alias', pasted.alias);
  }
  return texts;
}

/** Fill in all but the address; returns the alias. */
export function fillForm(form: HTMLFormElement, pasted: Pasted): string {
  const box = (name: string): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement;
  for (const [name, text] of textsOf(pasted)) {
    box(name).value = text;
  }
  box('secure').checked = pasted.secure;
  return box('alias').value.trim();
}

/** Whether a paste has filled in something of the part that is folded away. */
export function isTlsGiven(pasted: Pasted): boolean {
  const { secure, timeout } = pasted;
  return secure || timeout !== null || TLS_FIELDS.some(name => pasted[name] !== '');
}

const FILLED_IN: Record<string, () => string> = {
  pymilvus: () => trans.__('Filled in from the pasted pymilvus code.'),
  'milvus-cli': () => trans.__('Filled in from the pasted Milvus CLI line.'),
  magic: () => trans.__('Filled in from the pasted %milvus line.'),
  curl: () => trans.__('Filled in from the pasted curl line.'),
  uri: () => trans.__('Filled in from the pasted address.'),
};

/** What was pasted, in words: `Filled in from the pasted curl line.` */
export function pastedText({ kind, has_secret }: Pasted): string {
  const from = FILLED_IN[kind]?.() ?? trans.__('Filled in from the pasted text.');
  return has_secret ? `${from} ${trans.__('Its secret stays in the kernel.')}` : from;
}
