// What was asked of the kernel and is not answered yet.
//
// A message may be lost, or its answer: its subshell has ended, the websocket was replaced, Jupyter's
// server has dropped it beside a flood of output. So what is not answered is asked again under the
// same id, and the kernel does it once.

import { type Failure, LOOKS, type Method, type Stage } from '../protocol/messages';
import { isResult } from '../protocol/validate';
import { elapsed } from './clock';
import { malformed, RequestError, unanswered, undone } from './failures';

export interface Message {
  v: number;
  id: number;
  method: Method;
  params: object;
  page: string;
  stays_s: number;
  /** When nobody waits for it any more, by the kernel's clock, in seconds. */
  until?: number;
}

interface Question {
  message: Message;
  readonly method: Method;
  resolve(result: never): void;
  reject(error: RequestError): void;
  onStages?: ((stages: Stage[]) => void) | undefined;
  readonly askedAt: number;
  /** The kernel has it. */
  isTaken: boolean;
  againAt: number;
  pause_ms: number;
}

/** What is asked again is so after so many ms; then less and less often. */
const AGAIN_FIRST_MS = 2000;
const AGAIN_MOST_MS = 30_000;
/** For so long a click may be on its way; then the page gives it up, and the kernel does not do it. */
export const VALID_MS = 30_000;
/** The kernel's clock is known only as well as this. */
const CLOCK_MS = 1000;

/** The link asks for the list itself, and who leaves need not be heard. */
const NOT_AGAIN = new Set<Method>(['hello', 'leave']);

export class Questions {
  private readonly open = new Map<number, Question>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param send sends a message once more
   * @param may whether a question of this method may be sent now
   */
  constructor(
    private readonly send: (message: Message) => void,
    private readonly may: (method: Method) => boolean,
  ) {}

  /** A question is sent. */
  add(message: Message, ends: Pick<Question, 'resolve' | 'reject' | 'onStages'>): void {
    const now = elapsed();
    this.open.set(message.id, {
      ...ends,
      message,
      method: message.method,
      askedAt: now,
      isTaken: false,
      againAt: NOT_AGAIN.has(message.method) ? Infinity : now + AGAIN_FIRST_MS,
      pause_ms: AGAIN_FIRST_MS,
    });
    this.arm();
  }

  /** The kernel has it, and works on it. */
  take(id: number): void {
    const question = this.open.get(id);
    if (question !== undefined) {
      question.isTaken = true;
      this.arm();
    }
  }

  showStages(id: number, stages: Stage[]): void {
    this.take(id);
    this.open.get(id)?.onStages?.(stages);
  }

  answer(id: number, error: Failure | null, result: unknown): void {
    const question = this.open.get(id);
    if (question === undefined) {
      return; // The answer to another page of this notebook.
    }
    this.open.delete(id);
    this.arm();
    if (error !== null) {
      question.reject(new RequestError(error, id));
    } else if (isUnknown(question, result)) {
      question.reject(new RequestError(undone()));
    } else if (isResult(question.method, result)) {
      question.resolve(result as never);
    } else {
      question.reject(new RequestError(malformed(question.method)));
    }
  }

  /** There is a way to the kernel again: what was asked before may have been lost. */
  askAgain(): void {
    const now = elapsed();
    for (const question of this.open.values()) {
      question.againAt = Math.min(
        question.againAt,
        NOT_AGAIN.has(question.method) ? Infinity : now,
      );
    }
    this.look();
  }

  fail(failure: Failure): void {
    clearTimeout(this.timer);
    for (const question of this.open.values()) {
      question.reject(new RequestError(failure));
    }
    this.open.clear();
  }

  private readonly look = (): void => {
    const now = elapsed();
    for (const question of [...this.open.values()]) {
      if (now >= givenUpAt(question)) {
        this.open.delete(question.message.id);
        question.reject(new RequestError(unanswered()));
      } else if (now >= question.againAt && this.may(question.method)) {
        question.pause_ms = Math.min(2 * question.pause_ms, AGAIN_MOST_MS);
        question.againAt = now + question.pause_ms;
        question.message = again(question, now);
        this.send(question.message);
      }
    }
    this.arm();
  };

  private arm(): void {
    clearTimeout(this.timer);
    const due = [...this.open.values()].map(question =>
      Math.min(givenUpAt(question), this.may(question.method) ? question.againAt : Infinity),
    );
    const next = Math.min(...due);
    if (next < Infinity) {
      this.timer = setTimeout(this.look, Math.max(0, next - elapsed()));
    }
  }
}

/** What is asked once more: what was done by now, or is under way, is not sent whole again. */
function again({ message, method, isTaken, askedAt }: Question, now: number): Message {
  if (LOOKS.has(method) || (!isTaken && now - askedAt < VALID_MS)) {
    return message;
  }
  return { ...message, method: 'outcome', params: { request: message.id } };
}

function isUnknown({ message, method }: Question, result: unknown): boolean {
  return message.method !== method && (result as { known?: unknown } | null)?.known === false;
}

function givenUpAt({ message, isTaken, askedAt }: Question): number {
  const isWaitedFor = isTaken || message.until === undefined;
  return isWaitedFor ? Infinity : askedAt + VALID_MS + CLOCK_MS;
}
