import type {
  Code,
  ConnectParams,
  Fact,
  Failure,
  Importables,
  Imported,
  Methods,
  Profile,
  Report,
  Row,
  SaveProfile,
  Stage,
} from '../protocol/messages';
import { elapsed } from './clock';
import { failureOf } from './failures';
import { milliseconds } from './format';
import { trans } from './i18n';
import { ignore } from './ignore';
import type { Link } from './link';
import type { Given, ProfileActions } from './profiles';
import type { Action, Store } from './store';
import { isAnswered, leftBehind, waitFor } from './unanswered';

/** A connect or a test under way. */
export interface Attempt<T> {
  id: number;
  answer: Promise<T>;
}

/** What a user can do in the panel: asks the kernel, and tells the store what came of it. */
export class Actions implements ProfileActions {
  readonly keepsSecrets = true;
  private hasAsked = false;

  constructor(
    private readonly link: Pick<Link, 'request'> & Partial<Pick<Link, 'refusal'>>,
    private readonly store: Store,
  ) {}

  /** Why nothing can be asked just now: what was typed stays where it is. */
  get refusal(): Failure | null {
    return this.link.refusal ?? null;
  }

  readonly open = (
    params: ConnectParams,
    onStages?: (stages: Stage[]) => void,
  ): Attempt<Methods['connect']['result']> =>
    waitingFor(params.alias || 'default', this.link.request('connect', params, onStages));

  /** Connect a profile under its own name. */
  async connect(profile: Profile, secret: Given): Promise<void> {
    const { answer } = this.open(paramsOf(profile, secret));
    const { alias } = await answer;
    this.store.announce(trans.__('Connected %1.', alias));
  }

  async test(
    profile: Profile,
    secret: string,
    onStages: (stages: Stage[]) => void,
  ): Promise<Report> {
    const { id, answer } = this.examine(paramsOf(profile, secret), onStages);
    try {
      return await answer;
    } finally {
      this.forget(id);
    }
  }

  async save(wanted: SaveProfile): Promise<string> {
    const { name } = await this.link.request('save_profile', wanted).answer;
    this.store.announce(trans.__('Saved the profile %1.', name));
    return name;
  }

  async remove(name: string): Promise<string> {
    const { text } = await this.link.request('delete_profile', { name }).answer;
    this.store.announce(text);
    return text;
  }

  readonly importable = (): Promise<Importables> => this.link.request('importable', {}).answer;

  readonly bring = (ids: string[]): Promise<Imported> =>
    this.link.request('import_profiles', { ids }).answer;

  /** The server's folder as the kernel names it; "" where the kernel does not see its files. */
  async folder(root: string, path: string): Promise<string> {
    try {
      return (await this.link.request('server_folder', { root, path }).answer).text;
    } catch {
      return ''; // an older kernel side, or none any more
    }
  }

  readonly examine = (
    params: ConnectParams,
    onStages: (stages: Stage[]) => void,
  ): Attempt<Methods['test']['result']> => this.link.request('test', params, onStages);

  /** Have what was pasted read; its secret stays in the kernel, under the request's id. */
  paste(text: string): Attempt<Methods['paste']['result']> {
    return this.link.request('paste', { text });
  }

  cancel(request: number): void {
    this.link.request('cancel', { request }).answer.catch(ignore);
  }

  /** Let the kernel drop the secret that it keeps for the form's next try. */
  forget(request: number): void {
    this.link.request('forget', { request }).answer.catch(ignore);
  }

  /** How often the kernel probes each server, in seconds. */
  pace(heartbeat_s: number): void {
    this.link.request('pace', { heartbeat_s }).answer.catch(ignore);
  }

  /** The lines that connect this in a notebook. */
  async cell(alias: string): Promise<string> {
    return (await this.link.request('cell', { alias }).answer).text;
  }

  async disconnect(alias: string): Promise<boolean> {
    return this.onRow(alias, 'disconnect', async () => {
      const own = this.store.rows.get(alias)?.own ?? true;
      await this.link.request('disconnect', { alias }).answer;
      // The event that takes the row away may come after the answer.
      this.store.rows.delete(alias);
      this.store.finish(alias, { kind: own ? 'disconnected' : 'closed', alias });
    });
  }

  /** Close all that have an alias of ours, but for what other code uses. */
  async disconnectAll(rows: readonly Row[]): Promise<void> {
    if (this.store.many === null) {
      await Promise.all(rows.map(({ alias }) => this.disconnect(alias)));
      return;
    }
    try {
      await this.link.request('disconnect_all', {}).answer;
      this.store.announce(trans.__('All are disconnected.'));
    } catch (error) {
      this.store.fail('', error);
    }
  }

  /** Give an alias to what somebody else has opened. */
  async adopt(name: string, alias: string): Promise<string> {
    const given = await this.link.request('adopt', { alias: name, new_alias: alias }).answer;
    this.store.announce(trans.__('%1 has the alias %2 now.', name, given.alias));
    return given.alias;
  }

  /** Say what became of that which this page has asked before it was loaded anew. */
  askOutcomes(): void {
    if (this.hasAsked) {
      return;
    }
    this.hasAsked = true;
    for (const [id, alias] of leftBehind()) {
      this.link.request('outcome', { request: id }).answer.then(({ known, failure }) => {
        if (known) {
          isAnswered(id);
        }
        if (failure !== null) {
          this.store.finish(alias, { kind: 'failed', alias, failure });
        }
      }, ignore);
    }
  }

  /** End an attempt to connect, whoever has started it. There is nothing to undo. */
  async cancelConnect(alias: string): Promise<boolean> {
    return this.onRow(alias, 'disconnect', async () => {
      await this.link.request('disconnect', { alias }).answer;
      this.store.finish(alias, trans.__('Cancelled %1.', alias));
    });
  }

  async reconnect(alias: string): Promise<boolean> {
    return this.onRow(alias, 'reconnect', async () => {
      await waitingFor(alias, this.link.request('reconnect', { alias })).answer;
      this.store.finish(alias, trans.__('%1 is connected again.', alias));
    });
  }

  async retry(alias: string): Promise<boolean> {
    return this.onRow(alias, 'retry', async () => {
      await this.link.request('retry', { alias }).answer;
      this.store.finish(alias, trans.__('Trying %1 again.', alias));
    });
  }

  async use(alias: string): Promise<boolean> {
    return this.onRow(alias, 'use', async () => {
      await this.link.request('use', { alias }).answer;
      this.store.finish(alias, trans.__('%1 is the current connection.', alias));
    });
  }

  async ping(alias: string): Promise<boolean> {
    return this.onRow(alias, 'ping', async () => {
      const ping = await this.link.request('ping', { alias }).answer;
      this.store.showPing(alias, ping);
      const median = milliseconds(ping.median_ms);
      this.store.finish(alias, trans.__('%1: median %2.', alias, median));
    });
  }

  async details(alias: string): Promise<Fact[]> {
    return (await this.link.request('details', { alias }).answer).rows;
  }

  /** What the server says over HTTP; it takes up to a second. */
  async sources(alias: string): Promise<Fact[]> {
    return (await this.link.request('sources', { alias }).answer).rows;
  }

  /** The roles and privileges of the connection's own user, where the server tells them. */
  async rights(alias: string): Promise<Fact[]> {
    return (await this.link.request('rights', { alias }).answer).rows;
  }

  /** A connection as code; the language is remembered for the next. */
  async code(alias: string, language: string): Promise<Code['words']> {
    this.store.language = language;
    const code = await this.link.request('code', { alias, language }).answer;
    this.store.languages = code.languages;
    return code.words;
  }

  /** Go through all layers of a connection, and keep what is found of each. */
  async check(row: Row): Promise<void> {
    const { alias } = row;
    const { checks } = this.store;
    const show = (report: Report, endedAt: number | null): void => {
      checks.set(alias, { request: id, of: row, report, endedAt });
      this.store.changed();
    };
    const isShown = (): boolean => checks.get(alias)?.request === id;
    let report = soFar([]);
    const { id, answer } = this.link.request('diagnose', { alias }, stages => {
      report = soFar(stages);
      if (isShown()) {
        show(report, null);
      }
    });
    show(report, null);
    try {
      report = await answer;
    } catch (error) {
      report = { ...report, failure: failureOf(error) };
    }
    if (isShown()) {
      const { failure } = report;
      show(report, elapsed());
      const found = failure?.reason || failure?.what;
      this.store.announce(
        found ? trans.__('%1: %2', alias, found) : trans.__('%1: Everything answers.', alias),
      );
    }
  }

  /** End a check that is under way; one that has ended stays. */
  cancelCheck(alias: string): void {
    const check = this.store.checks.get(alias);
    if (check?.endedAt === null) {
      this.store.checks.delete(alias);
      this.store.changed();
      this.cancel(check.request);
    }
  }

  private async onRow(alias: string, action: Action, work: () => Promise<void>): Promise<boolean> {
    this.store.start(alias, action);
    try {
      await work();
      return true;
    } catch (error) {
      this.store.fail(alias, error);
      return false;
    }
  }
}

/** Remember that it is not answered, for as long as it is not. */
function waitingFor<T>(alias: string, attempt: Attempt<T>): Attempt<T> {
  waitFor(attempt.id, alias);
  const done = (): void => isAnswered(attempt.id);
  attempt.answer.then(done, done);
  return attempt;
}

/** What was shown is what is done: the kernel refuses another profile of that name. */
function paramsOf(profile: Profile, secret: Given): ConnectParams {
  const { name, address, user, seal, permit } = profile;
  // A project's profile has its question answered before it comes here.
  const allow = permit === '' ? {} : { allow: permit };
  const params = { address, alias: name, profile: name, seal, ...allow };
  if (secret === '') {
    return params;
  }
  if (typeof secret === 'number') {
    return { ...params, secret_from: secret };
  }
  return user === '' ? { ...params, token: secret } : { ...params, password: secret };
}

/** The report of a check that has come so far. */
export function soFar(stages: Stage[]): Report {
  return { stages, facts: [], notes: [], failure: null };
}
