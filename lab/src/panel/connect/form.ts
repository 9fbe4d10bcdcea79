import type { ConnectParams, Offer, Pasted, Report, Row, Stage } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import { keptText } from '../../state/profiles';
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

/** What the form begins with: a connection in trouble, and what is done about it. */
export interface Start {
  row: Row;
  offer: Offer;
}

const TLS_FIELDS = [
  'ca_pem_path',
  'server_pem_path',
  'client_pem_path',
  'client_key_path',
  'server_name',
] as const;
const TEXT_FIELDS = ['db_name', ...TLS_FIELDS] as const;

/** Holds what was typed into a form that went with its kernel, or with its place on the page. */
export interface Draft {
  typed: Pasted | null;
}

/** What was typed, as the kernel takes it. What is right and what is wrong, the kernel says. */
export function readForm(
  data: FormData,
  signIn: SignIn,
  kept: Kept | null,
  row: Row | null = null,
): ConnectParams {
  const text = (name: string): string => typedIn(data, name).trim();
  const params: ConnectParams = {
    address: text('address'),
    alias: text('alias'),
    // Where a profile goes is not this form's to say: those boxes are only to be read.
    ...(row !== null && row.profile !== '' ? row.again : {}),
  };
  for (const name of TEXT_FIELDS) {
    const value = text(name);
    if (value !== '') {
      params[name] = value;
    }
  }
  if (!isFile(params.address)) {
    addSecret(params, data, signIn, kept, row?.again);
  }
  if (data.has('secure')) {
    params.secure = true;
  }
  const timeout = text('timeout');
  if (timeout !== '') {
    params.timeout = secondsIn(timeout);
  }
  if (data.has('replace')) {
    params.replace = true;
  }
  return params;
}

/** Seconds as they are typed, also with a comma; NaN where they are none. */
export function secondsIn(text: string): number {
  const found = Number(text.trim().replace(',', '.'));
  return Number.isFinite(found) ? found : NaN;
}

function addSecret(
  params: ConnectParams,
  data: FormData,
  signIn: SignIn,
  kept: Kept | null,
  again: ConnectParams | undefined,
): void {
  if (signIn === 'none') {
    return;
  }
  if (signIn === 'password' && params.profile === undefined) {
    params.user = typedIn(data, 'user').trim();
  }
  // A secret is taken to the letter: blanks at its ends may belong to it.
  const secret = typedIn(data, signIn);
  if (secret !== '') {
    params[signIn] = secret;
  } else if (kept?.signIn === signIn) {
    params.secret_from = kept.request;
  } else if (again?.password_env !== undefined && signIn === 'password') {
    params.password_env = again.password_env;
  } else if (again?.token_env !== undefined) {
    params.token_env = again.token_env;
    delete params.user; // the token says it
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
  return kept.pasted ? trans.__('came with the paste') : keptText();
}

/** A connection as the form shows it; its secret is none of the page's. */
export function filledIn({ again, alias, address, user, auth, db_name }: Row): Pasted {
  const text = (name: (typeof TLS_FIELDS)[number]): string => again[name] ?? '';
  return {
    kind: '',
    address: again.profile === undefined ? again.address : address,
    alias,
    user: again.user ?? user,
    sign_in: auth,
    has_secret: false,
    db_name: again.db_name ?? (again.profile === undefined ? '' : db_name),
    secure: again.secure ?? false,
    ca_pem_path: text('ca_pem_path'),
    server_pem_path: text('server_pem_path'),
    client_pem_path: text('client_pem_path'),
    client_key_path: text('client_key_path'),
    server_name: text('server_name'),
    timeout: again.timeout ?? null,
    notes: [],
  };
}

/** What was typed, to go on with where the form is drawn anew; the secrets are not in it. */
export function draftOf(data: FormData): Pasted {
  const text = (name: string): string => typedIn(data, name).trim();
  const timeout = secondsIn(text('timeout') || 'none');
  return {
    kind: '',
    address: text('address'),
    alias: text('alias'),
    user: text('user'),
    sign_in: (text('sign_in') || 'none') as SignIn,
    has_secret: false,
    db_name: text('db_name'),
    secure: data.has('secure'),
    ca_pem_path: text('ca_pem_path'),
    server_pem_path: text('server_pem_path'),
    client_pem_path: text('client_pem_path'),
    client_key_path: text('client_key_path'),
    server_name: text('server_name'),
    timeout: Number.isNaN(timeout) ? null : timeout,
    notes: [],
  };
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
