// What the page itself says when the kernel cannot: it is gone, away, too old, or not understood.

import { type Failure, type Method, PROTOCOL } from '../protocol/messages';
import { trans } from './i18n';

/** An error that the kernel sent back, or one that stands for its silence. */
export class RequestError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.what);
  }
}

export function gone(): Failure {
  return {
    what: trans.__('The kernel is gone.'),
    reason: trans.__('It was restarted or stopped before it answered.'),
    fix: trans.__('Run %milvus panel again.'),
    cause: '',
    evidence: '',
  };
}

/** What is clicked while the page has no way to the kernel: it would be done at some later time. */
export function offline(): Failure {
  return {
    what: trans.__('This page is not connected to the kernel. Nothing was done.'),
    reason: trans.__('The network or the Jupyter server is away.'),
    fix: trans.__('Try again when JupyterLab shows the kernel as connected.'),
    cause: '',
    evidence: '',
  };
}

/** What is wrong where the kernel speaks another version than the page. */
export function mismatch(kernel: number): Failure {
  return {
    what: trans.__('This page and the kernel have different versions of milvus_nb.'),
    reason: trans.__(
      'The page speaks version %1 of their protocol, the kernel version %2.',
      PROTOCOL,
      kernel,
    ),
    fix:
      kernel < PROTOCOL
        ? trans.__('Update milvus_nb in the environment of the kernel, then restart the kernel.')
        : trans.__('Update milvus_nb in the environment of JupyterLab, then reload the page.'),
    cause: '',
    evidence: '',
  };
}

export function malformed(method: Method): Failure {
  return {
    what: trans.__('The answer of the kernel was not understood.'),
    reason: trans.__('It is none to "%1".', method),
    fix: trans.__('Install the same milvus_nb for JupyterLab and for the kernel.'),
    cause: '',
    evidence: '',
  };
}

/** The failure in an error; one of the page's own is shown as what it is. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) {
    return error.failure;
  }
  return { ...gone(), what: trans.__('The panel failed.'), reason: String(error) };
}
