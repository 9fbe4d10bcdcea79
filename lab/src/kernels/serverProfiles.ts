// Profiles without a kernel: the Jupyter server has them, where its extension of ours is enabled.

import { ServerConnection } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';

import type { Failure, Profile, Profiles, Report, SaveProfile, Text } from '../protocol/messages';
import { pageAttention } from '../state/attention';
import { RequestError } from '../state/failures';
import { ignore } from '../state/ignore';
import type { ProfileActions } from '../state/profiles';
import { read, refused } from './serverAnswer';

/**
 * How often the server is asked while somebody attends, in ms; it answers "unchanged" in a few. Where
 * it does not answer, less and less often.
 */
const LOOKS = { interval: 1000, backoff: true, max: 60_000 };

/** The profiles as a notebook at a path sees them. */
export class ServerProfiles implements ProfileActions {
  readonly connect: ProfileActions['connect'] = null;
  readonly keepsSecrets = false;
  /** Null as long as they are not known; it stays so where the server has no such extension. */
  found: Profiles | null = null;
  /** Why they are not known. */
  problem: Failure | null = null;

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
      this.problem = null;
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
    const answer = await this.ask('POST', [profile.name, 'test'], body);
    if (permit !== '') {
      await this.look().catch(ignore); // it is allowed now, and not to be asked about again
    }
    return (await read(answer, 'Report')) as Report;
  }

  async save(wanted: SaveProfile): Promise<string> {
    const { alias: _alias, typed: _typed, ...given } = wanted;
    const { name, was, seen = '', project, replace, ...fields } = given;
    const how = { was, seen, project: String(project), new: String(!replace) };
    await this.ask('PUT', [name], fields, how);
    await this.look().catch(ignore);
    return name;
  }

  async remove(name: string): Promise<string> {
    const answer = await this.ask('DELETE', [name]);
    await this.look().catch(ignore);
    return ((await read(answer, 'Text')) as Text).text;
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
        const found = (await read(answer, 'Profiles')) as Profiles;
        this.show(found, null, answer.headers.get('ETag') ?? '', path);
      }
    } catch (error) {
      if (error instanceof RequestError) {
        this.show(null, error.failure, '', path);
      }
      throw error; // so that it is asked less and less often
    } finally {
      this.looking = false;
    }
  }

  private show(found: Profiles | null, problem: Failure | null, tag: string, path: string): void {
    if (path === this.path) {
      this.found = found;
      this.problem = problem;
      this.tag = tag;
      this.listeners.forEach(listener => listener());
    }
  }

  private async ask(
    method: string,
    parts: string[],
    body?: object,
    query: Record<string, string> = {},
  ): Promise<Response> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await this.request(method, parts, init, query);
    if (!answer.ok) {
      // One that is not from our extension says what it is by its status.
      const failure = await read(answer, 'Failure').catch(() => refused(answer.status));
      throw new RequestError(failure as Failure);
    }
    return answer;
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
