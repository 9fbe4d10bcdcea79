// Some rows of a collection, and its way into the server's memory: without that there are none.

import type { Failure, Loaded, Preview } from '../protocol/messages';
import { type Asked, Branch, type Soil } from './branch';
import { elapsed } from './clock';
import { failureOf } from './failures';

/** What a collection can be asked for beside its rows. */
export interface Memory {
  /** @param seen how far it was; -1 to begin */
  load(seen: number): Asked<Loaded>;
  release(): Asked<object>;
  /** What was told of it is not true any more. */
  changed(): void;
}

/** What is being done with it. */
export interface Doing {
  what: 'load' | 'release';
  /** In ms of the page's clock. */
  since: number;
  /** How much is loaded, 0 to 100; null where that is not known. */
  percent: number | null;
}

/** Why there are no rows, where loading helps. */
const NOT_LOADED = new Set(['released', 'loading']);

/** Some rows of a collection. Nothing is loaded or released without a click. */
export class PreviewNode extends Branch<Preview> {
  doing: Doing | null = null;
  /** Whether it is still to be said that it is really to be released. */
  asksToRelease = false;
  /** What could not be done. */
  private refused: Failure | null = null;
  private takeBack: (() => void) | null = null;

  constructor(
    private readonly shared: Soil,
    ask: () => Asked<Preview>,
    private readonly memory: Memory,
  ) {
    super(shared, ask);
  }

  /** Whether loading it is what leads to its rows. */
  get canLoad(): boolean {
    const { failure } = this;
    return (
      this.doing === null &&
      failure !== null &&
      (failure === this.refused || NOT_LOADED.has(failure.cause))
    );
  }

  override fetch(): void {
    if (this.doing === null) {
      super.fetch(); // else when that is done
    }
  }

  override cancel(): void {
    super.cancel();
    this.doing = null;
    this.takeBack?.();
    this.takeBack = null;
  }

  override forget(): void {
    super.forget();
    this.asksToRelease = false;
  }

  load(): void {
    this.loadOn(this.begin('load'), -1);
  }

  /** Wait no longer; a server that has begun goes on. */
  stopWaiting(): void {
    this.cancel();
    this.fetch();
    this.memory.changed();
  }

  /** Ask whether it is meant, or do not ask any more. */
  askToRelease(asks: boolean): void {
    this.asksToRelease = asks;
    this.shared.changed();
  }

  release(): void {
    this.asksToRelease = false;
    const doing = this.begin('release');
    const asked = this.memory.release();
    this.takeBack = asked.cancel;
    asked.answer.then(
      () => this.end(doing),
      (error: unknown) => this.end(doing, failureOf(error)),
    );
  }

  private begin(what: Doing['what']): Doing {
    this.cancel();
    this.failure = null;
    this.doing = { what, since: elapsed(), percent: null };
    this.shared.changed();
    return this.doing;
  }

  private loadOn(doing: Doing, seen: number): void {
    const asked = this.memory.load(seen);
    this.takeBack = asked.cancel;
    asked.answer.then(
      ({ load, percent }) => {
        if (load === 'loaded') {
          this.end(doing);
        } else if (this.doing === doing) {
          doing.percent = percent;
          this.shared.changed();
          this.loadOn(doing, percent ?? 0);
        }
      },
      (error: unknown) => this.end(doing, failureOf(error)),
    );
  }

  private end(doing: Doing, failure: Failure | null = null): void {
    if (this.doing !== doing) {
      return; // it was taken back
    }
    this.doing = null;
    this.takeBack = null;
    this.refused = failure;
    this.failure = failure;
    this.memory.changed();
    if (failure === null) {
      this.found = null;
      this.fetch();
    }
    this.shared.changed();
  }
}
