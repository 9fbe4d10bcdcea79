// What the Jupyter server answers, read: it may run another version of milvus_nb than this page, or
// something between the two may answer in its place.

import type { Failure } from '../protocol/messages';
import { is } from '../protocol/validate';
import { failed, RequestError } from '../state/failures';
import { trans } from '../state/i18n';

/** What an answer holds; throws where it is no JSON, which knows no NaN, or not of the type. */
export async function read(answer: Response, type: string): Promise<unknown> {
  const text = await answer.text();
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new RequestError(unreadable());
  }
  if (!is(type, found)) {
    throw new RequestError(unreadable());
  }
  return found;
}

/** The server has refused, or failed. */
export function refused(status: number): Failure {
  return failed(
    trans.__('The Jupyter server has not done it.'),
    trans.__('It answered with the status %1.', status),
    trans.__('Its log may say more.'),
  );
}

function unreadable(): Failure {
  return failed(
    trans.__('The answer of the Jupyter server was not understood.'),
    trans.__('It is not what this version of milvus_nb answers.'),
    trans.__(
      'Reload the page. If that does not help, update milvus_nb in the environment of JupyterLab and restart it.',
    ),
  );
}
