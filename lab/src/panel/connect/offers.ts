// What a form can do about a failure itself: the kernel says what, the page how it is said and done.

import type { Action, Offer } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import { secondsIn, type SignIn } from './form';

/** The boxes of files, as an offer names them. */
const CHOOSE: Record<string, () => string> = {
  ca_pem_path: () => trans.__("Choose the CA's certificate…"),
  server_pem_path: () => trans.__("Choose the server's certificate…"),
  client_pem_path: () => trans.__("Choose the client's certificate…"),
  client_key_path: () => trans.__("Choose the client's key…"),
};

const WORDS: Record<Action, (value: string, alias: string) => string> = {
  'use-tls': () => trans.__('Use TLS'),
  'no-tls': () => trans.__('Connect without TLS'),
  'use-port': value => trans.__('Use port %1', /\d+$/.exec(value)?.[0] ?? value),
  'choose-file': chooseText,
  'server-name': value => trans.__('Expect the name %1', value),
  timeout: value => trans.__('Wait up to %1 s', value),
  'sign-in': value => (value === 'token' ? trans.__('Sign in with a token') : trans.__('Sign in')),
  database: value => trans.__('Use the database %1', value),
  'create-database': value => trans.__('Create database %1', value),
  'other-alias': () => trans.__('Use another alias'),
  replace: (_, alias) => trans.__('Replace %1', alias),
  trust: () => trans.__("Trust this project's profile…"),
};

/** Those after which a secret would go somewhere else, or could be read by somebody else. */
const ELSEWHERE = new Set<Action>(['use-tls', 'no-tls', 'use-port', 'server-name']);

/** Those after which the user goes on typing. */
const UNFINISHED = new Set<Action>(['choose-file', 'sign-in']);

/** Those that say nothing of where a connection goes. */
const OF_PROFILE = new Set<Action>(['sign-in', 'timeout', 'replace', 'trust']);

/** Those that a live connection's row has, where a click opens the form. */
const FOR_ROW = new Set<Action>([...ELSEWHERE, ...UNFINISHED, 'database']);

/** What is chosen for a box of a file. */
export function chooseText(name: string): string {
  return CHOOSE[name]?.() ?? trans.__('Choose the file…');
}

/** What the button says. */
export function offerText({ action, value }: Offer, alias: string): string {
  return WORDS[action](value, alias);
}

/** Those that lead on from how the form is filled in; where a profile goes is the profile's to say. */
export function leadingOn(
  offers: Offer[],
  signIn: SignIn,
  timeout: string,
  isProfile: boolean,
): Offer[] {
  return forForm(offers, isProfile).filter(
    ({ action, value }) =>
      // Its box is there, and has the focus.
      !(action === 'sign-in' && value === signIn) &&
      !(action === 'timeout' && secondsIn(timeout) >= Number(value)),
  );
}

export function forRow(offers: Offer[], isProfile: boolean): Offer[] {
  return forForm(offers, isProfile).filter(({ action }) => FOR_ROW.has(action));
}

function forForm(offers: Offer[], isProfile: boolean): Offer[] {
  return isProfile ? offers.filter(({ action }) => OF_PROFILE.has(action)) : offers;
}

/** Whether it may be tried at once, without one more click: no secret goes anywhere new. */
export function isTriedAtOnce({ action }: Offer, hasSecret: boolean): boolean {
  return !UNFINISHED.has(action) && !(hasSecret && ELSEWHERE.has(action));
}

/** The address after the offer; null where that stays. Its path names the database. */
export function addressAfter({ action, value }: Offer, address: string): string | null {
  if (action === 'database') {
    // It goes into its box; two different ones would be refused.
    return /^(?!unix:|[./~])([a-z]+:\/\/[^/]+|[^/]*[^/:])\/./i.exec(address.trim())?.[1] ?? null;
  }
  if (action !== 'use-tls' && action !== 'no-tls' && action !== 'use-port') {
    return null;
  }
  const path = /^(?:[a-z]+:\/\/)?[^/]*(\/.*)?$/i.exec(address.trim())?.[1] ?? '';
  return value + path;
}

/** Which boxes are filled in, and with what. */
export function boxesAfter({ action, value }: Offer): Record<string, string> {
  switch (action) {
    case 'no-tls':
      return {
        ca_pem_path: '',
        server_pem_path: '',
        client_pem_path: '',
        client_key_path: '',
        server_name: '',
      };
    case 'server-name':
      return { server_name: value };
    case 'timeout':
      return { timeout: value };
    case 'database':
    case 'create-database':
      return { db_name: value };
    default:
      return {};
  }
}
