import type {
  CollectionNames,
  DatabaseNames,
  Description,
  Method,
  Methods,
  NamedSize,
  PartCode,
  Preview,
  Row,
  Size,
} from '../protocol/messages';
import { type Attention, pageAttention } from './attention';
import { type Asked, Branch, type Soil, Turns } from './branch';
import { ignore } from './ignore';
import type { Link } from './link';
import { PreviewNode } from './preview';

/** So many questions are asked at once of one connection: a server that hangs keeps no other waiting. */
const AT_ONCE = 4;
/** So many sizes are asked for in one question: those of so few are counted, not estimated. */
const SIZES = 16;
/** Scrolling must have come to rest for so many ms before sizes are asked for. */
const REST_MS = 80;
/** Cells may end one after the other: it is looked for what they have changed once in so many ms. */
const LOOK_EVERY_MS = 1000;
/** So many rows are previewed. */
const PREVIEWED = 10;

/** The parts of a collection that are below its fields. */
export type Group = 'indexes' | 'partitions' | 'aliases';

/** A node by its names; those of what is below it are empty. */
export interface Place {
  alias: string;
  database: string;
  collection: string;
  field: string;
}

/** A collection. */
export class CollectionNode extends Branch<Description> {
  /** Which of its groups are open. */
  readonly groups = new Set<Group>();

  constructor(
    soil: Soil,
    ask: () => Asked<Description>,
    readonly preview: PreviewNode,
    private readonly onTold: (found: Description) => void,
  ) {
    super(soil, ask);
  }

  override get inner(): Branch<unknown>[] {
    return [this.preview];
  }

  protected override told(found: Description): void {
    this.onTold(found);
  }
}

interface KnownSize {
  /** Null where the server does not tell. */
  size: Size | null;
  /** What `found` was when it was asked for: for another one it is asked once more. */
  of: CollectionNames | null;
}

/** A database. */
export class DatabaseNode extends Branch<CollectionNames> {
  readonly collections = new Map<string, CollectionNode>();
  /** How large the collections are, of those that were in sight. */
  readonly sizes = new Map<string, KnownSize>();
  private resting: ReturnType<typeof setTimeout> | undefined;
  /** What will be asked for when scrolling rests. */
  private wanted: readonly string[] = [];
  private readonly stops = new Set<() => void>();

  constructor(
    private readonly shared: Soil,
    ask: () => Asked<CollectionNames>,
    private readonly askSizes: (names: string[]) => Asked<Methods['sizes']['result']>,
  ) {
    super(shared, ask);
  }

  override get inner(): Branch<unknown>[] {
    return [...this.collections.values()];
  }

  /** These collections are in sight: ask how large they are, where that is not known. */
  want(names: readonly string[]): void {
    const isThere = this.found !== null && this.isOpen;
    const wanted = names.filter(name => isThere && this.sizes.get(name)?.of !== this.found);
    if (isEqual(wanted, this.wanted)) {
      return; // however often it is drawn meanwhile
    }
    clearTimeout(this.resting);
    this.wanted = wanted;
    if (wanted.length > 0) {
      this.resting = setTimeout(() => {
        this.wanted = [];
        for (let at = 0; at < wanted.length; at += SIZES) {
          this.fetchSizes(wanted.slice(at, at + SIZES));
        }
      }, REST_MS);
    }
  }

  keep(name: string, size: Size | null): void {
    this.sizes.set(name, { size, of: this.found });
  }

  override cancel(): void {
    super.cancel();
    clearTimeout(this.resting);
    this.wanted = [];
    this.stops.forEach(stop => stop());
    this.stops.clear();
  }

  override forget(): void {
    super.forget();
    this.sizes.clear();
  }

  protected override told(found: CollectionNames): void {
    const there = new Set(found.names);
    dropped(this.collections, there).forEach(node => node.cancelAll());
    dropped(this.sizes, there);
  }

  private fetchSizes(names: string[]): void {
    // Until it is told, what was known before stays, and it is not asked for once more.
    names.forEach(name => this.keep(name, this.sizes.get(name)?.size ?? null));
    const end = (told: NamedSize[]): void => {
      this.stops.delete(stop);
      const sizes = new Map(told.map(size => [size.name, size]));
      names.forEach(name => this.sizes.has(name) && this.keep(name, sizes.get(name) ?? null));
      this.shared.changed();
    };
    const stop = this.shared.turns.take(
      () => this.askSizes(names),
      ({ sizes }) => end(sizes),
      () => end([]),
    );
    this.stops.add(stop);
  }
}

/** A connection. */
export class ConnectionNode extends Branch<DatabaseNames> {
  readonly databases = new Map<string, DatabaseNode>();

  constructor(
    /** By all that is in it. */
    readonly shared: Soil,
    ask: () => Asked<DatabaseNames>,
  ) {
    super(shared, ask);
  }

  override get inner(): Branch<unknown>[] {
    return [...this.databases.values()];
  }

  protected override told(found: DatabaseNames): void {
    dropped(this.databases, new Set(found.names)).forEach(node => node.cancelAll());
  }
}

type Followed = Pick<Row, 'endpoint' | 'db_name' | 'state'>;

/** What is in the databases of the connections, as far as somebody has opened it. */
export class Tree {
  /** Another one with everything that may look different. */
  version = 0;
  private readonly nodes = new Map<string, ConnectionNode>();
  private readonly rows = new Map<string, Followed>();
  private looking: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly link: Pick<Link, 'request'>,
    private readonly tell: () => void,
    private readonly attention: Pick<Attention, 'isThere'> = pageAttention(),
  ) {}

  /** Whether anything of it is open. */
  get isOpen(): boolean {
    return [...this.nodes.values()].some(node => node.isOpen);
  }

  /** What was opened of a connection; undefined where nothing was. */
  of(alias: string): ConnectionNode | undefined {
    return this.nodes.get(alias);
  }

  /** Open a connection, or close it. */
  toggle(row: Row): void {
    this.rows.set(row.alias, row);
    this.connection(row.alias).toggle();
  }

  connection(alias: string): ConnectionNode {
    return known(
      this.nodes,
      alias,
      () =>
        new ConnectionNode({ turns: new Turns(AT_ONCE), changed: this.changed }, () =>
          this.ask('databases', { alias }),
        ),
    );
  }

  database(alias: string, database: string): DatabaseNode {
    const { databases, shared } = this.connection(alias);
    return known(
      databases,
      database,
      () =>
        new DatabaseNode(
          shared,
          () => this.ask('collections', { alias, database }),
          names => this.ask('sizes', { alias, database, names }),
        ),
    );
  }

  collection(alias: string, database: string, collection: string): CollectionNode {
    const place = { alias, database, collection };
    const parent = this.database(alias, database);
    const { shared } = this.connection(alias);
    return known(parent.collections, collection, () => {
      const rows = (): Asked<Preview> => this.ask('preview', { ...place, count: PREVIEWED });
      const preview = new PreviewNode(shared, rows, {
        load: seen => this.ask('load', { ...place, seen }),
        release: () => this.ask('release', place),
        changed: () => node.isOpen && node.fetch(),
      });
      const ask = (): Asked<Description> => this.ask('describe', place);
      const node = new CollectionNode(shared, ask, preview, size => parent.keep(collection, size));
      return node;
    });
  }

  /** Open or close a group of a collection. */
  toggleGroup(node: CollectionNode, group: Group): void {
    if (!node.groups.delete(group)) {
      node.groups.add(group);
    }
    this.changed();
  }

  /** Show some rows of a collection, or put them away. */
  togglePreview(node: CollectionNode): void {
    if (node.isOpen) {
      node.preview.toggle();
    } else {
      node.preview.isOpen = true; // it is asked for with the rest
      node.toggle();
    }
  }

  /** Have some rows of a collection in sight, or what stands in their way. */
  showPreview(node: CollectionNode): void {
    if (!node.isOpen || !node.preview.isOpen) {
      this.togglePreview(node);
    }
  }

  /** A cell has ended: look again at what is open. Where nobody attends, whoever comes back does. */
  readonly look = (): void => {
    this.looking ??= setTimeout(() => {
      this.looking = undefined;
      if (this.attention.isThere) {
        this.openOnes().forEach(branch => branch.fetch());
      }
    }, LOOK_EVERY_MS);
  };

  /** The kernel was not heard for a while: what was asked may be lost, what has changed was not told. */
  resume(): void {
    this.openOnes().forEach(branch => {
      branch.cancel();
      branch.fetch();
    });
  }

  /** The connections of which anything was opened. */
  get aliases(): string[] {
    return [...this.nodes.keys()];
  }

  /** Follow the connections: one that is gone has nothing in it, and another one something else. */
  follow(
    rows: ReadonlyMap<string, Row>,
    isGone = (alias: string): boolean => !rows.has(alias),
  ): void {
    const there = { has: (alias: string): boolean => !isGone(alias) };
    dropped(this.nodes, there).forEach(node => node.cancelAll());
    dropped(this.rows, this.nodes);
    for (const [alias, node] of this.nodes) {
      const row = rows.get(alias);
      const before = this.rows.get(alias);
      if (row === undefined) {
        continue;
      }
      this.rows.set(alias, row);
      if (before === undefined) {
        continue;
      }
      if (row.endpoint !== before.endpoint) {
        node.all().forEach(branch => branch.forget());
        node.open().forEach(branch => branch.fetch());
      } else if (row.db_name !== before.db_name && node.isOpen) {
        node.fetch();
      } else if (row.state === 'connected' && before.state !== 'connected') {
        const failed = node.open().filter(branch => branch.failure !== null);
        failed.forEach(branch => branch.fetch());
      }
    }
  }

  /** A collection, or a field of it, as code: for this kernel, and for anywhere else. */
  code(place: Place): Promise<PartCode> {
    return this.link.request('collection_code', place).answer;
  }

  dispose(): void {
    clearTimeout(this.looking);
    this.nodes.forEach(node => node.all().forEach(branch => branch.cancel()));
  }

  private readonly changed = (): void => {
    this.version++;
    this.tell();
  };

  private openOnes(): Branch<unknown>[] {
    return [...this.nodes.values()].flatMap(node => node.open());
  }

  private ask<M extends Method>(
    method: M,
    params: Methods[M]['params'],
  ): Asked<Methods[M]['result']> {
    const { id, answer } = this.link.request(method, params);
    const cancel = (): void => {
      this.link.request('cancel', { request: id }).answer.catch(ignore);
    };
    return { answer, cancel };
  }
}

/** What a map has under a name; made where it has nothing. */
function known<V>(nodes: Map<string, V>, name: string, make: () => V): V {
  let node = nodes.get(name);
  if (node === undefined) {
    node = make();
    nodes.set(name, node);
  }
  return node;
}

/** Take out what is not there any more. */
function dropped<V>(nodes: Map<string, V>, there: { has(name: string): boolean }): V[] {
  const gone = [...nodes].filter(([name]) => !there.has(name));
  gone.forEach(([name]) => nodes.delete(name));
  return gone.map(([, node]) => node);
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}
