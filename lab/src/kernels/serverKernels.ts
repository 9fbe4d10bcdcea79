// What the running kernels have connected, as the Jupyter server reads it in their files: a page that
// only looks has no connection to a kernel, which would keep that from being ended when it is idle.

import { ServerConnection } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import type { Failure, KernelRecord, Kernels } from '../protocol/messages';
import { type Attention, pageAttention } from '../state/attention';
import { RequestError } from '../state/failures';
import { read, refused } from './serverAnswer';

/** How often the server is asked while somebody looks, in ms; where it does not answer, less often. */
const LOOKS = { interval: 3000, backoff: true, max: 60_000 };
/**
 * So many kernels are named in a question: servers in between refuse an address of more than 8 KB, and
 * each takes some 40 characters of it. Of others the server tells more than is needed, and that is all.
 */
const MOST_NAMED = 100;

export class ServerKernels {
  readonly changed = new Signal<this, void>(this);
  records: readonly KernelRecord[] = [];
  /** The server's clock, in unix seconds; null where it does not tell. */
  now: number | null = null;
  /** Why it is not known what they have connected. */
  problem: Failure | null = null;

  private asked = 0;
  private tag = '';
  private isWatching = false;
  private isMissing = false;
  private readonly poll = new Poll({
    auto: false,
    factory: () => this.look(),
    frequency: LOOKS,
    standby: () => !this.attention.isThere,
    name: 'milvus_nb:kernels',
  });

  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly attention: Attention = pageAttention(),
    /** Those that tell the page themselves what they have connected. */
    private readonly open: () => Iterable<string> = () => [],
  ) {}

  watch(): void {
    this.isWatching = true;
    this.refresh();
  }

  unwatch(): void {
    this.isWatching = false;
    void this.poll.stop();
  }

  /** Something has changed: what was asked before does not count, and is asked once more. */
  refresh(): void {
    this.asked++;
    if (this.isWatching && !this.isMissing) {
      void this.poll.refresh();
    }
  }

  /** What was known of a kernel is out of date. */
  drop(id: string): void {
    this.records = this.records.filter(record => record.id !== id);
    this.tag = '';
    this.refresh();
  }

  private async look(): Promise<void> {
    let asked;
    do {
      ({ asked } = this);
      await this.ask(asked);
    } while (asked !== this.asked && this.isWatching && !this.isMissing);
  }

  private async ask(asked: number): Promise<void> {
    const url = new URL('milvus_nb/kernels', this.settings.baseUrl);
    for (const id of [...this.open()].slice(0, MOST_NAMED)) {
      url.searchParams.append('open', id);
    }
    const headers: HeadersInit = this.tag === '' ? {} : { 'If-None-Match': this.tag };
    const answer = await ServerConnection.makeRequest(url.href, { headers }, this.settings);
    if (answer.status === 404) {
      this.isMissing = true; // There is no such extension, or it is switched off.
      void this.poll.stop();
    } else if (answer.status !== 200 && answer.status !== 304) {
      this.fail(new RequestError(refused(answer.status)), asked);
    } else if (answer.status === 200 && asked === this.asked) {
      const found = await read(answer, 'Kernels').catch((error: unknown) =>
        this.fail(error, asked),
      );
      this.take(found as Kernels, answer.headers, asked);
    }
  }

  /** What was known is out of date; the server is asked less and less often. */
  private fail(error: unknown, asked: number): never {
    if (asked === this.asked && error instanceof RequestError) {
      this.tag = '';
      this.records = [];
      this.problem = error.failure;
      this.changed.emit();
    }
    throw error;
  }

  private take(found: Kernels, headers: Headers, asked: number): void {
    if (asked === this.asked) {
      this.problem = null;
      this.tag = headers.get('ETag') ?? '';
      const date = Date.parse(headers.get('Date') ?? '');
      this.now = Number.isNaN(date) ? null : date / 1000;
      this.records = found.kernels;
      this.changed.emit();
    }
  }
}
