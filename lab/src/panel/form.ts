import { isFile } from './address';
import type { ConnectParams, Stage } from './messages';

export type SignIn = 'none' | 'password' | 'token';

/** A secret that the kernel holds from an earlier try, so that it need not be typed again. */
export interface Kept {
  request: number;
  signIn: SignIn;
}

const TEXT_FIELDS = [
  'db_name',
  'ca_pem_path',
  'server_pem_path',
  'client_pem_path',
  'client_key_path',
  'server_name',
] as const;

/** What was typed, as the kernel takes it. What is right and what is wrong, the kernel says. */
export function readForm(data: FormData, signIn: SignIn, kept: Kept | null): ConnectParams {
  const text = (name: string): string => {
    const value = data.get(name);
    return typeof value === 'string' ? value.trim() : '';
  };
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
    params.user = String(data.get('user') ?? '').trim();
  }
  // A secret is taken to the letter: blanks at its ends may belong to it.
  const secret = String(data.get(signIn) ?? '');
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
