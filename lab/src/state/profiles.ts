// Saved connections: what a view needs to know of them, and whoever can do something with them.

import type {
  Failure,
  Importables,
  Imported,
  Profile,
  Profiles,
  Report,
  Row,
  SaveProfile,
  Stage,
} from '../protocol/messages';
import { trans } from './i18n';

/** A secret as it was typed, or the request under which the kernel keeps one; empty: none. */
export type Given = string | number;

/** Does what is clicked: a kernel, or the Jupyter server where there is none. */
export interface ProfileActions {
  /** Connects it; null where there is nobody to hold a connection. */
  connect: ((profile: Profile, secret: Given) => Promise<void>) | null;
  test: (profile: Profile, secret: string, onStages: (stages: Stage[]) => void) => Promise<Report>;
  save: (wanted: SaveProfile) => Promise<string>;
  remove: (name: string) => Promise<string>;
  /** What the Milvus CLI has saved and no profile has; left out where nobody can import it. */
  importable?: () => Promise<Importables>;
  /** Make profiles of some of it, by id. */
  bring?: (ids: string[]) => Promise<Imported>;
  /** Why nothing can be asked just now; null, or left out, where it can. */
  refusal?: Failure | null;
  /** Let the kernel drop what it keeps of a request that has failed. */
  forget?: (request: number) => void;
  /** Whether the keyring that it has is the kernel's, to which a secret may be sent once. */
  keepsSecrets: boolean;
}

export const NO_PROFILES: Profiles = {
  profiles: [],
  problems: [],
  user_path: '',
  project_path: '',
  site_path: '',
};

/** As the kernel has it, which judges at last: here it is only told at once. */
const NAME = /^[\p{L}\p{N}_](?:[\p{L}\p{N}_ .+-]{0,62}[\p{L}\p{N}_.+-])?$/u;

/** Why a profile cannot have a name, or "". */
export function nameProblem(name: string): string {
  return NAME.test(name)
    ? ''
    : trans.__('A name has 1 to 64 letters, digits, blanks, and . _ + - between them.');
}

/** The colours that a label may have; the style sheet has one rule for each. */
export const COLORS = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'gray'] as const;

/** Where a secret may come from, as a form offers it. */
export const SECRETS = ['none', 'ask', 'keyring', 'env'] as const;
export type SecretChoice = (typeof SECRETS)[number];

export function secretChoice(secret: string): SecretChoice {
  const kind = secret.startsWith('env:') ? 'env' : secret;
  return SECRETS.find(choice => choice === kind) ?? 'ask';
}

export function secretWord(choice: SecretChoice): string {
  switch (choice) {
    case 'none':
      return trans.__('none');
    case 'ask':
      return trans.__('ask each time');
    case 'keyring':
      return trans.__('keyring');
    case 'env':
      return trans.__('environment variable');
  }
}

/** `root`, `token from MILVUS_TOKEN`, `root · asked for`: who signs in, and from where the secret is. */
export function signInFacts({ user, secret }: Profile): string[] {
  const choice = secretChoice(secret);
  const from: Record<SecretChoice, string> = {
    none: '',
    ask: trans.__('asked for'),
    keyring: trans.__('keyring'),
    env: secret.slice('env:'.length),
  };
  const who = user || (choice === 'none' ? '' : trans.__('token'));
  return [who, from[choice]].filter(Boolean);
}

/** Which secret a profile sends, and from where it is. */
export function sentSecret({ user, secret }: Profile): string {
  const variable = secret.slice('env:'.length);
  switch (secretChoice(secret)) {
    case 'none':
      return trans.__('Nobody signs in.');
    case 'ask':
      return user === ''
        ? trans.__('It sends the token that you type.')
        : trans.__('It sends the password of %1 that you type.', user);
    case 'keyring':
      return user === ''
        ? trans.__('It sends the token that your keyring has for it.')
        : trans.__('It sends the password of %1 that your keyring has for it.', user);
    case 'env':
      return user === ''
        ? trans.__('It sends the token in the environment variable %1.', variable)
        : trans.__('It sends the password of %1 in the environment variable %2.', user, variable);
  }
}

/** Whether a secret has to be typed before it is sent on. */
export function asksForSecret(profile: Profile): boolean {
  return profile.secret === 'ask' && !profile.address.endsWith('.db');
}

/** What is shown of an answer that says that the secret is needed. */
export function needsSecret(failure: Failure): boolean {
  return failure.cause === 'secret-needed';
}

/** Whether what the kernel keeps of a failed request is of use: it was not the sign-in that failed. */
export function keepsSecret(failure: Failure): boolean {
  return !/^wrong-|^no-credentials$|-no-token$|^secret-needed$|^profile-changed$/.test(
    failure.cause,
  );
}

/** What stands in the empty box of a secret that the kernel keeps from the last try. */
export function keptText(): string {
  return trans.__('unchanged: the kernel has it from before');
}

/** Another profile has its name by now, or it goes elsewhere. */
export function hasChanged(failure: Failure): boolean {
  return failure.cause === 'profile-changed';
}

/** The aliases that come from each profile. */
export function connectedProfiles(rows: Iterable<Row>): Set<string> {
  const names = new Set<string>();
  for (const row of rows) {
    if (row.profile !== '' && row.state !== 'disconnected') {
      names.add(row.profile);
    }
  }
  return names;
}
