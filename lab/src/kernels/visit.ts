// A kernel that this page has no notebook of, spoken to for as long as something is asked of it: a
// connection that stays would keep it from being ended when it is idle.

import type { Kernel } from '@jupyterlab/services';

import type { Failure, Method, Methods } from '../protocol/messages';
import { failed, RequestError } from '../state/failures';
import { trans } from '../state/i18n';
import { ignore } from '../state/ignore';
import { MilvusKernel } from './kernel';

/** A kernel that does not answer within so many ms is given up. */
const ANSWERS_WITHIN_MS = 10_000;

/** Who opens one node after the other need not wait for a connection each time, of so many ms. */
const STAYS_MS = 5000;

interface Question {
  /** Its id in the connection that it was asked by; null until it is. */
  id: number | null;
  isTakenBack: boolean;
}

/** Questions to a kernel, and the connection that they need; it ends with the last of them. */
export class Visits {
  private kernel: MilvusKernel | null = null;
  private readonly questions = new Map<number, Question>();
  private nextId = 1;
  private leaving: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param connect connects this page to the kernel
   * @param expectsMore whether another question may follow at once
   */
  constructor(
    private readonly connect: () => Kernel.IKernelConnection,
    private readonly expectsMore: () => boolean,
  ) {}

  /** Ask the kernel. `id` names the question, to take it back by `cancel`. */
  readonly request = <M extends Method>(
    method: M,
    params: Methods[M]['params'],
  ): { id: number; answer: Promise<Methods[M]['result']> } => {
    if (method === 'cancel') {
      this.takeBack((params as Methods['cancel']['params']).request);
      return { id: 0, answer: Promise.resolve({}) };
    }
    const id = this.nextId++;
    const question: Question = { id: null, isTakenBack: false };
    this.questions.set(id, question);
    const answer = this.ask(question, method, params).finally(() => {
      this.questions.delete(id);
      this.leave();
    });
    return { id, answer };
  };

  /** End the connection when nothing is asked, now or soon. */
  leave(): void {
    clearTimeout(this.leaving);
    if (this.questions.size > 0) {
      return;
    }
    if (this.expectsMore()) {
      this.leaving = setTimeout(() => this.end(), STAYS_MS);
    } else {
      this.end();
    }
  }

  private async ask<M extends Method>(
    question: Question,
    method: M,
    params: Methods[M]['params'],
  ): Promise<Methods[M]['result']> {
    clearTimeout(this.leaving);
    if (this.kernel !== null && this.kernel.phase !== 'asking' && this.kernel.session === null) {
      this.end(); // it was restarted since
    }
    const kernel = (this.kernel ??= new MilvusKernel(this.connect(), true));
    await kernel.left(['asking'], ANSWERS_WITHIN_MS);
    if (kernel.session === null || question.isTakenBack) {
      throw new RequestError(unanswered());
    }
    const { id, answer } = kernel.session.link.request(method, params);
    question.id = id;
    return answer;
  }

  private takeBack(request: number): void {
    const question = this.questions.get(request);
    if (question !== undefined) {
      question.isTakenBack = true;
      const { id } = question;
      if (id !== null) {
        this.kernel?.session?.link.request('cancel', { request: id }).answer.catch(ignore);
      }
    }
  }

  private end(): void {
    this.kernel?.dispose();
    this.kernel = null;
  }
}

function unanswered(): Failure {
  return failed(
    trans.__('The kernel has not answered. Nothing was done.'),
    trans.__('It has ended, or runs a cell.'),
    trans.__('Open its notebook to see.'),
  );
}
