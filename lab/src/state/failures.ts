// What the page itself says when the kernel cannot: it is gone, away, too old, or not understood.

import { type Failure, type Method, PROTOCOL } from '../protocol/messages';
import { trans } from './i18n';

/** An error that the kernel sent back, or one that stands for its silence. */
export class RequestError extends Error {
  /** @param request what the kernel has answered; null where that may never have reached it */
  constructor(
    readonly failure: Failure,
    readonly request: number | null = null,
  ) {
    super(failure.what);
  }
}

/** What has failed, why, and what to do, where that is all that is known. */
export function failed(what: string, reason: string, fix: string): Failure {
  return { what, reason, fix, cause: '', evidence: '' };
}

export function gone(): Failure {
  return failed(
    trans.__('The kernel is gone.'),
    trans.__('It was restarted or stopped before it answered.'),
    trans.__('Run %milvus panel again.'),
  );
}

/** What is clicked while the page has no way to the kernel: it would be done at some later time. */
export function offline(): Failure {
  return failed(
    trans.__('This page is not connected to the kernel. Nothing was done.'),
    trans.__('The network or the Jupyter server is away.'),
    trans.__('Try again when JupyterLab shows the kernel as connected.'),
  );
}

/** What a line that loads milvus_nb in the kernel failed with. */
export function notLoaded(line: string, error: string): Failure {
  return failed(trans.__('%1 failed.', line), error, trans.__('Run it in a cell to see more.'));
}

/** A kernel that has loaded milvus_nb and does not say so: one of before there was a sidebar. */
export function tooOld(): Failure {
  return failed(
    trans.__('The kernel has a milvus_nb that is too old for the sidebar.'),
    trans.__('It was loaded, and did not answer.'),
    trans.__('Update milvus_nb in the environment of the kernel, then restart the kernel.'),
  );
}

/** A click of which nothing was heard: the kernel does not do it any more. */
export function unanswered(): Failure {
  return failed(
    trans.__('The kernel has not answered.'),
    trans.__('If this is not done yet, it will not be done any more.'),
    trans.__('Look again when the kernel answers.'),
  );
}

/** The kernel never got it, and knows now that it is not wanted any more. */
export function undone(): Failure {
  return failed(
    trans.__('This was not done.'),
    trans.__('It has not reached the kernel.'),
    trans.__('Try again.'),
  );
}

/** What is wrong where the kernel speaks another version than the page. */
export function mismatch(kernel: number): Failure {
  return failed(
    trans.__('This page and the kernel have different versions of milvus_nb.'),
    trans.__(
      'The page speaks version %1 of their protocol, the kernel version %2.',
      PROTOCOL,
      kernel,
    ),
    kernel < PROTOCOL
      ? trans.__('Update milvus_nb in the environment of the kernel, then restart the kernel.')
      : trans.__('Update milvus_nb in the environment of JupyterLab, then reload the page.'),
  );
}

export function malformed(method: Method): Failure {
  return failed(
    trans.__('The answer of the kernel was not understood.'),
    trans.__('It is none to "%1".', method),
    trans.__('Install the same milvus_nb for JupyterLab and for the kernel.'),
  );
}

/** The request that the kernel has had, and with it what is kept of it; null where it had none. */
export function requestOf(error: unknown): number | null {
  return error instanceof RequestError ? error.request : null;
}

/** The failure in an error; one of the page's own is shown as what it is. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) {
    return error.failure;
  }
  return { ...gone(), what: trans.__('The panel failed.'), reason: String(error) };
}
