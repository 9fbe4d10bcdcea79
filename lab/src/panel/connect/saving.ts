// A connection that is saved as a profile as soon as it stands; its secret only by reference.

import type { Failure, SaveProfile } from '../../protocol/messages';
import { failed, failureOf } from '../../state/failures';
import { trans } from '../../state/i18n';
import { nameProblem } from '../../state/profiles';
import { typedIn } from '../parts/typedIn';

/** What is to be saved, as it was typed; the connection says the rest. */
export function profileWanted(data: FormData, alias: string): SaveProfile {
  const text = (name: string): string => typedIn(data, name).trim();
  const wanted: SaveProfile = {
    name: text('profile_name') || alias,
    was: '',
    alias,
    project: false,
    replace: data.has('profile_replace'),
  };
  const secret = text('profile_secret');
  if (secret !== '') {
    wanted.secret = secret === 'env' ? `env:${text('profile_variable')}` : secret;
  }
  return wanted;
}

/** Nothing is connected where it is known before that it could not be saved; null where it could. */
export function unfitName(
  { name, replace }: SaveProfile,
  profiles: ReadonlySet<string>,
): Failure | null {
  const problem = nameProblem(name);
  const nothing = trans.__('Nothing was connected.');
  if (problem !== '') {
    // Its box says why.
    return failed(trans.__('%1 cannot be the name of a profile.', name), nothing, '');
  }
  return replace || !profiles.has(name)
    ? null
    : failed(
        trans.__('There is a profile %1 already.', name),
        nothing,
        trans.__('Give another name, or replace that profile.'),
      );
}

/** The connection stands, and the profile could not be saved. */
export function notSaved(alias: string, error: unknown): Failure {
  const { what, reason, fix, cause, evidence } = failureOf(error);
  return {
    what: trans.__('%1 is connected. The profile was not saved.', alias),
    reason: [what, reason].filter(Boolean).join(' '),
    fix,
    cause,
    evidence,
  };
}
