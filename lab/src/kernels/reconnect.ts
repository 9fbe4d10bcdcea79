// After a restart: what was connected is connected again.

import type { ConnectParams, Failure, Row } from '../protocol/messages';
import { failed, failureOf, requestOf } from '../state/failures';
import { trans } from '../state/i18n';
import { type Given, keepsSecret } from '../state/profiles';
import type { MilvusKernel } from './kernel';

/** A secret has to be typed again: the kernel cannot look it up. */
export function needsSecret(row: Row): boolean {
  return row.secret === 'ask';
}

/**
 * Whether one password is for both: of the same user at the same server, which shows itself in the
 * same way. An API key is of nobody that is named, and is asked for each.
 */
export function sharesSecret(one: Row, other: Row): boolean {
  return (
    needsSecret(one) && one.auth === 'password' && one.user !== '' && place(one) === place(other)
  );
}

function place({ user, auth, address, secure, secret, again }: Row): string {
  const { ca_pem_path, server_pem_path, client_pem_path, server_name, profile, seal } = again;
  const trusted = [ca_pem_path, server_pem_path, client_pem_path, server_name, profile, seal];
  return JSON.stringify([user, auth, address, secure, secret, ...trusted.map(it => it ?? '')]);
}

/** How far it has come with one connection. */
export type Progress = 'waiting' | 'connecting' | Failure;

/**
 * Load milvus_nb where it is not, then connect what the kernel has lost.
 *
 * @param takeSecrets takes what was typed, by alias, as soon as there is a kernel to be sent it
 * @param confirmed the aliases that are meant, of those that want to be asked about
 * @param report is told how far each has come; what is connected is forgotten by the kernel
 * @returns the requests under which the kernel keeps what was typed, by alias
 */
export async function reconnect(
  kernel: MilvusKernel,
  takeSecrets: () => Map<string, Given>,
  confirmed: ReadonlySet<string>,
  report: (alias: string, progress: Progress) => void,
): Promise<Map<string, number>> {
  const kept = new Map<string, number>();
  const rows = [...kernel.lost];
  rows.forEach(({ alias }) => report(alias, 'waiting'));
  const loaded = kernel.phase === 'present' || (await kernel.load());
  const { session } = kernel;
  if (!loaded || session === null) {
    const failure = kernel.failure ?? notLoaded();
    rows.forEach(({ alias }) => report(alias, failure));
    return kept;
  }
  const secrets = takeSecrets();
  await Promise.all(
    rows.map(async row => {
      if (row.confirm && !confirmed.has(row.alias)) {
        report(row.alias, unconfirmed(row));
        return;
      }
      const secret = secrets.get(row.alias) ?? '';
      secrets.delete(row.alias);
      if (secret === '' && needsSecret(row)) {
        report(row.alias, secretMissing(row)); // without it, it would sign in as nobody
        return;
      }
      report(row.alias, 'connecting');
      const { id, answer } = session.actions.open(paramsOf(row, secret));
      try {
        await answer;
        kernel.forget(row.alias);
      } catch (error) {
        const failure = failureOf(error);
        if (secret !== '' && requestOf(error) !== null && keepsSecret(failure)) {
          kept.set(row.alias, id);
        } else {
          session.actions.forget(id);
        }
        report(row.alias, failure);
      }
    }),
  );
  return kept;
}

function paramsOf(row: Row, secret: Given): ConnectParams {
  if (secret === '') {
    return row.again;
  }
  if (typeof secret === 'number') {
    return { ...row.again, secret_from: secret };
  }
  return row.auth === 'password'
    ? { ...row.again, password: secret }
    : { ...row.again, token: secret };
}

function secretMissing({ auth, alias }: Row): Failure {
  return failed(
    auth === 'password'
      ? trans.__('The password for %1 is needed.', alias)
      : trans.__('The token for %1 is needed.', alias),
    '',
    trans.__('Type it, and press Reconnect.'),
  );
}

function unconfirmed({ alias }: Row): Failure {
  return failed(
    trans.__('%1 was not connected: its profile says that one has to be asked.', alias),
    '',
    trans.__('Tick it, and press Reconnect.'),
  );
}

/** Loading has failed, and nothing more is known. */
export function notLoaded(): Failure {
  return failed(
    trans.__('milvus_nb could not be loaded.'),
    '',
    trans.__('Run %load_ext milvus_nb in a cell to see why.'),
  );
}
