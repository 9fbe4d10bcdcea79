// Profiles without a kernel: the Jupyter server has them, where its extension of ours is enabled.

import { ServerConnection } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';

import type { Failure, Profile, Profiles, Report, SaveProfile } from '../protocol/messages';
import { is } from '../protocol/validate';
import { pageAttention } from '../state/attention';
import { RequestError } from '../state/failures';
import { trans } from '../state/i18n';
import type { ProfileDoor } from '../state/profiles';

/**
 * How often the server is asked while somebody attends, in ms; it answers "unchanged" in a few. Where
 * it does not answer, less and less often.
 */
const LOOKS = { interval: 1000, backoff: true, max: 60_000 };

/** The profiles as a notebook at a path sees them. */
export class ServerProfiles implements ProfileDoor {
  readonly connect: ProfileDoor['connect'] = null;
  readonly keepsSecrets = false;
  /** Null as long as they are not known; it stays so where the server has no such extension. */
  found: Profiles | null = null;

  private path = '';
  private tag = '';
  private isMissing = false;
  private looking = false;
  private readonly poll = new Poll({
    auto: false,
    factory: () => this.look(),
    frequency: LOOKS,
    name: 'milvus_nb:profiles',
  });
  private readonly listeners = new Set<() => void>();

  constructor(private readonly settings: ServerConnection.ISettings) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Keep up with the files for as long as somebody looks; what is returned ends it. */
  watch(path: string): () => void {
    if (path !== this.path) {
      this.path = path;
      this.tag = '';
      this.found = null;
    }
    const attention = pageAttention();
    const follow = (): void => {
      void (attention.isThere ? this.poll.refresh() : this.poll.stop());
    };
    follow();
    const unsubscribe = attention.subscribe(follow);
    return () => {
      unsubscribe();
      void this.poll.stop();
    };
  }

  async test(profile: Profile, secret: string): Promise<Report> {
    const { seal, permit } = profile;
    const body = {
      seal,
      ...(permit === '' ? {} : { allow: permit }),
      ...(secret === '' ? {} : { secret }),
    };
    const found = await this.ask('POST', [profile.name, 'test'], body);
    if (permit !== '') {
      await this.look().catch(unanswered); // it is allowed now, and not to be asked about again
    }
    if (is('Report', found)) {
      return found as Report;
    }
    throw new RequestError(refused(200));
  }

  async save(wanted: SaveProfile): Promise<string> {
    const { name, was, alias: _alias, project, replace, typed: _typed, ...fields } = wanted;
    await this.ask('PUT', [name], fields, { was, project: String(project), new: String(!replace) });
    await this.look().catch(unanswered);
    return name;
  }

  async remove(name: string): Promise<string> {
    const { text } = (await this.ask('DELETE', [name])) as { text?: unknown };
    await this.look().catch(unanswered);
    return String(text ?? '');
  }

  private async look(): Promise<void> {
    if (this.isMissing || this.looking) {
      return;
    }
    this.looking = true;
    const { path } = this;
    try {
      const headers: HeadersInit = this.tag === '' ? {} : { 'If-None-Match': this.tag };
      const answer = await this.request('GET', [], { headers });
      if (answer.status === 404) {
        this.isMissing = true;
        void this.poll.stop();
      } else if (answer.status !== 200 && answer.status !== 304) {
        throw new RequestError(refused(answer.status));
      } else if (answer.status === 200 && path === this.path) {
        const found: unknown = await answer.json();
        if (is('Profiles', found)) {
          this.tag = answer.headers.get('ETag') ?? '';
          this.found = found as Profiles;
          this.listeners.forEach(listener => listener());
        }
      }
    } finally {
      this.looking = false;
    }
  }

  private async ask(
    method: string,
    parts: string[],
    body?: object,
    query: Record<string, string> = {},
  ): Promise<unknown> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await this.request(method, parts, init, query);
    let found: unknown = null;
    try {
      found = await answer.json();
    } catch {
      // Not from our extension: the status says what it is.
    }
    if (!answer.ok) {
      throw new RequestError(is('Failure', found) ? (found as Failure) : refused(answer.status));
    }
    return found;
  }

  private request(
    method: string,
    parts: string[],
    init: RequestInit,
    query: Record<string, string> = {},
  ): Promise<Response> {
    const place = ['milvus_nb', 'profiles', ...parts.map(encodeURIComponent)].join('/');
    const url = new URL(place, this.settings.baseUrl);
    url.search = new URLSearchParams({ path: this.path, ...query }).toString();
    return ServerConnection.makeRequest(url.href, { ...init, method }, this.settings);
  }
}

function refused(status: number): Failure {
  return {
    what: trans.__('The Jupyter server has not done it.'),
    why: trans.__('It answered with the status %1.', status),
    fix: trans.__('Its log may say more.'),
    cause: '',
    evidence: '',
  };
}

function unanswered(): void {
  // The server is gone, which JupyterLab says itself; what was known stays.
}
