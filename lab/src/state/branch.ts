import type { Failure } from '../protocol/messages';
import { elapsed } from './clock';
import { failureOf } from './failures';

/** A question under way. */
export interface Asked<T> {
  answer: Promise<T>;
  /** Take it back. */
  cancel: () => void;
}

/** Questions of which only a few are asked at once; the others wait for their turn. */
export class Turns {
  private readonly waiting = new Set<() => void>();
  private running = 0;

  constructor(private readonly most: number) {}

  /** Ask when it is its turn. What is returned takes it back; then nobody is told. */
  take<T>(
    ask: () => Asked<T>,
    done: (found: T) => void,
    failed: (failure: Failure) => void,
  ): () => void {
    let asked: Asked<T> | null = null;
    let isOver = false;
    const start = (): void => {
      this.waiting.delete(start);
      this.running++;
      asked = ask();
      asked.answer.then(
        found => end() && done(found),
        (error: unknown) => end() && failed(failureOf(error)),
      );
    };
    /** Whether it was not over already. */
    const end = (): boolean => {
      const wasOver = isOver;
      isOver = true;
      if (!wasOver && !this.waiting.delete(start)) {
        this.running--;
        this.next();
      }
      return !wasOver;
    };
    this.waiting.add(start);
    this.next();
    return () => {
      if (end()) {
        asked?.cancel();
      }
    };
  }

  private next(): void {
    for (const start of this.waiting) {
      if (this.running >= this.most) {
        return;
      }
      start();
    }
  }
}

/** What all branches of a tree share. */
export interface Soil {
  turns: Turns;
  changed: () => void;
}

/** Something that is asked for when it is opened, and asked for again when it may have changed. */
export abstract class Branch<T> {
  isOpen = false;
  /** What was told last; it stays until something newer is there. */
  found: T | null = null;
  /** Why nothing newer is. */
  failure: Failure | null = null;
  /** Since when it is waited for, in ms of the page's clock; null where it is not. */
  waitingSince: number | null = null;

  private stop: (() => void) | null = null;
  private isOld = false;

  constructor(
    private readonly soil: Soil,
    private readonly ask: () => Asked<T>,
  ) {}

  /** The branches directly inside it. */
  get inner(): Branch<unknown>[] {
    return [];
  }

  /** Itself and all that is inside. */
  all(): Branch<unknown>[] {
    return [this, ...this.inner.flatMap(branch => branch.all())];
  }

  /** Itself and what is inside, as far as it is open. */
  open(): Branch<unknown>[] {
    return this.isOpen ? [this, ...this.inner.flatMap(branch => branch.open())] : [];
  }

  /** Open it, or close it; what is under way in a closed one is taken back. */
  toggle(): void {
    this.isOpen = !this.isOpen;
    if (this.isOpen) {
      this.open().forEach(branch => branch.fetch());
    } else {
      this.cancelAll();
    }
    this.soil.changed();
  }

  /** Ask, and once more where it is being asked already: that may be told as it was before. */
  fetch(): void {
    if (this.stop !== null) {
      this.isOld = true;
      return;
    }
    this.isOld = false;
    this.waitingSince = elapsed();
    this.stop = this.soil.turns.take(
      this.ask,
      found => {
        this.found = found;
        this.told?.(found);
        this.ended(null);
      },
      failure => this.ended(failure),
    );
    this.soil.changed();
  }

  cancelAll(): void {
    this.all().forEach(branch => branch.cancel());
  }

  cancel(): void {
    this.stop?.();
    this.stop = null;
    this.waitingSince = null;
    this.isOld = false;
  }

  /** Forget what was told: it was of something else. */
  forget(): void {
    this.cancel();
    this.found = null;
    this.failure = null;
  }

  /** Something was told. */
  protected told?(found: T): void;

  private ended(failure: Failure | null): void {
    this.failure = failure;
    this.stop = null;
    this.waitingSince = null;
    if (this.isOld && this.isOpen) {
      this.fetch();
    }
    this.soil.changed();
  }
}
