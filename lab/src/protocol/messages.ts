// What the kernel and the page say to each other, made of milvus_nb/protocol.py by lab/protocol.py.
// Nothing of it is ever a synced trait, so nothing of it is saved with a notebook.

/** Types by name: an alias is a type, an interface has a type for each field. `?` is an optional one. */
export type Shapes = Record<string, string | Record<string, string>>;

export const PROTOCOL = 13;

export type State = 'connecting' | 'connected' | 'degraded' | 'unreachable' | 'rejected' | 'disconnected';

export type Auth = 'none' | 'password' | 'token';

/** How the secret of a connection comes once more. */
export type SecretKind = 'none' | 'ask' | 'env' | 'keyring';

/** What a form can do about a failure. */
export type Action = 'use-tls' | 'no-tls' | 'use-port' | 'choose-file' | 'server-name' | 'timeout' | 'sign-in' | 'database' | 'create-database' | 'other-alias' | 'replace' | 'trust';

export type StageName = 'file' | 'resolve' | 'tcp' | 'tls' | 'grpc' | 'sign_in' | 'version' | 'health' | 'database';

export type LoadState = 'loaded' | 'loading' | 'released';

export type StageStatus = 'pending' | 'running' | 'ok' | 'failed' | 'skipped';

/** A label and a text, which may have several lines, and a page of the web that it tells of. */
export type Fact = [string, string] | [string, string, string];

/** A value as a short text; None is a null. */
export type Cell = string | null;

/** What was last measured of an endpoint, for all connections to it: its number, the latency in ms, and when, in Unix seconds. */
export type Measurement = [number, number | null, number | null];

interface Where {
  address: string;
  alias: string;
}

/** The connect form as it is sent; fields that are left out mean "not given". */
export interface ConnectParams extends Where {
  user?: string;
  password?: string;
  token?: string;
  /** The id of an earlier request of this form whose secret the kernel still holds. */
  secret_from?: number;
  /** The environment variable of the kernel that holds the one or the other. */
  password_env?: string;
  token_env?: string;
  db_name?: string;
  secure?: boolean;
  ca_pem_path?: string;
  server_pem_path?: string;
  client_pem_path?: string;
  client_key_path?: string;
  server_name?: string;
  timeout?: number;
  replace?: boolean;
  /** Whether the database is created where it is missing. */
  create_database?: boolean;
  /** A profile; of the fields only those that are given take the place of its own. */
  profile?: string;
  /** The `seal` of the profile as it was shown: another one is not connected. */
  seal?: string;
  /** The `permit` of a project's profile, where the user has answered its question with yes. */
  allow?: string;
}

/** Something that a form can do about a failure: a button. */
export interface Offer {
  action: Action;
  /** The address, the field, the name or the seconds that it is done with, or empty. */
  value: string;
}

interface Connection {
  /** The number of its endpoint, which several connections may share. */
  endpoint: number;
  alias: string;
  address: string;
  user: string;
  auth: Auth;
  db_name: string;
  secure: boolean;
  state: State;
  reason: string;
  fix: string;
  /** The identifier of why it fails, as `refused`; empty if it does not. */
  cause: string;
  /** A warning about a connection that works, or empty. */
  note: string;
  server_version: string;
  latency_ms: number | null;
  since: number | null;
  checked_at: number | null;
  connected_at: number | null;
  /** Who opened it: `milvus_nb`, `pymilvus connections`, `MilvusClient`, `AsyncMilvusClient`. */
  origin: string;
  /** The variables that hold what was opened. */
  users: string[];
  /** Whether it has an alias of ours; else somebody else opened it. */
  own: boolean;
  /** What connects it once more, in another kernel; never a secret. */
  again: ConnectParams;
  /** Where its secret comes from then. */
  secret: SecretKind;
  /** The profile that it comes from, or empty; and what that shows and asks. */
  profile: string;
  label: string;
  color: string;
  confirm: boolean;
}

/** One connection. Times are the kernel's Unix seconds. */
export interface Row extends Connection {
  offers?: Offer[];
}

/** One stage of connecting. */
export interface Stage {
  name: StageName;
  status: StageStatus;
  ms: number | null;
  /** What was found, or why it failed. */
  text: string;
}

interface Explained {
  what: string;
  reason: string;
  fix: string;
  /** An identifier, as `refused`; empty if there is none. */
  cause: string;
  /** What was asked, what was answered, how long it took; one line, or empty. */
  evidence: string;
}

/** An error, as the user should read it: what happened, why, what to do. */
export interface Failure extends Explained {
  offers?: Offer[];
}

/** What a check of all layers has found. */
export interface Report {
  stages: Stage[];
  facts: Fact[];
  /** Warnings, a sentence each. */
  notes: string[];
  failure: Failure | null;
}

/** A saved connection. Its secret is only referred to. */
export interface Profile {
  name: string;
  address: string;
  user: string;
  /** `none`, `ask`, `keyring`, or `env:NAME`. */
  secret: string;
  db_name: string;
  secure: boolean | null;
  ca_pem_path: string;
  server_pem_path: string;
  client_pem_path: string;
  client_key_path: string;
  server_name: string;
  timeout: number | null;
  label: string;
  color: string;
  confirm: boolean;
  default: boolean;
  autoconnect: boolean;
  /** The file, and whether it is the project's, or the site's, which nobody can change here. */
  path: string;
  is_project: boolean;
  is_site: boolean;
  /** What is the same for as long as it goes to the same place, as the same user. */
  seal: string;
  /** What is another as soon as anything of it changes. */
  revision: string;
  /** The question about a project's profile that was not allowed yet; empty where none is needed. */
  permit: string;
  /** Where it goes, in words: address, TLS. */
  place: string;
}

/** What is wrong in a file of profiles. */
export interface ProfileProblem {
  /** The file and the line. */
  where: string;
  /** Which profile; empty where it is about the file. */
  profile: string;
  what: string;
  reason: string;
  fix: string;
  /** Whether the profile works nevertheless. */
  is_warning: boolean;
}

/** All saved connections. */
export interface Profiles {
  profiles: Profile[];
  problems: ProfileProblem[];
  /** The user's file, and the project's; empty where there is none. */
  user_path: string;
  project_path: string;
  /** The site's; empty where there is none. */
  site_path: string;
}

interface Saving {
  name: string;
  /** Its name until now; empty for a new one. */
  was: string;
  /** The connection that it is made of; empty where the fields say all. */
  alias: string;
  /** Whether it goes into the project's file. */
  project: boolean;
  /** Whether it may take the place of one of that name. */
  replace: boolean;
}

/** A profile as it is to be saved; keys that are left out mean "not given". */
export interface SaveProfile extends Saving {
  /** The password or token for the keyring, where that is typed here. */
  typed?: string;
  /** The id of an earlier request of this form, whose secret the kernel still holds. */
  secret_from?: number;
  /** The `revision` of what was shown and changed; another that stands there is not overwritten. */
  seen?: string;
  address?: string;
  user?: string;
  secret?: string;
  db_name?: string;
  secure?: boolean;
  ca_pem_path?: string;
  server_pem_path?: string;
  client_pem_path?: string;
  client_key_path?: string;
  server_name?: string;
  timeout?: number;
  label?: string;
  color?: string;
  confirm?: boolean;
  default?: boolean;
  autoconnect?: boolean;
}

/** A connection that the Milvus CLI has saved, and no profile has. */
export interface Importable {
  /** What is to be imported is named by it: it is another as soon as that goes elsewhere. */
  id: string;
  name: string;
  /** Where it goes, in words. */
  place: string;
  user: string;
  /** Whether somebody signs in. */
  has_secret: boolean;
  /** Why it cannot be imported, or empty. */
  problem: string;
}

/** What can be imported, and where it stands. */
export interface Importables {
  path: string;
  found: Importable[];
}

/** Some of what can be imported, by `id`. */
export interface Picked {
  ids: string[];
}

/** The names of the profiles that were made; and a sentence on each that was not. */
export interface Imported {
  names: string[];
  left: string[];
}

/** What a running kernel has connected, as the Jupyter server reads it in the kernel's file. */
export interface KernelRecord {
  /** Jupyter's id of the kernel. */
  id: string;
  /** What was measured at each heartbeat is left out. */
  connected: Row[];
  /** What was connected before a restart of the kernel, and is not again. */
  lost: Row[];
}

/** The running kernels that have, or had, connections. */
export interface Kernels {
  kernels: KernelRecord[];
}

/** How many connections there are, where a page is not told of each. */
export interface Many {
  /** Those with an alias of ours, and those that somebody else opened. */
  own: number;
  others: number;
  /** Of both, those that are lost, refused or degraded. */
  troubled: number;
  /** The profiles that they come from. */
  profiles: string[];
}

interface Span {
  /** Those with an alias of ours, or those that somebody else opened. */
  own: boolean;
  /** The words that have to occur in what is shown of each, in any order. */
  filter: string;
  /** What the page calls the states, in the order of `State`. */
  states: string[];
  /** Of those that match: from which on, and how many. */
  offset: number;
  count: number;
  /** These are wanted besides, wherever they are. */
  also: string[];
}

/** Some of the connections: those that a page shows. */
export interface Window extends Span {
  /** The one in whose middle this is to be, instead of at `offset`. */
  around?: string;
  /** Only those that come from this profile. */
  profile?: string;
  /** Only those whose profile wants to be asked about. */
  confirm?: boolean;
}

/** Some of the connections. */
export interface Listed {
  rows: Row[];
  /** Where the first of them is, among how many that match. */
  offset: number;
  total: number;
  /** Those that were wanted besides, as far as they are there. */
  also: Row[];
}

interface Greeting {
  /** All of them; where there are many, the current one and those in trouble. */
  connections: Row[];
  current: string | null;
  now: number;
  /** How often each server is probed. */
  heartbeat_s: number;
  versions: Record<string, string>;
  profiles: Profiles;
}

/** All that a page needs to begin with. */
export interface Hello extends Greeting {
  /** How often the kernel tells that it lives, where that is not each heartbeat. */
  tick_s?: number;
  many?: Many;
}

/** Round trips, in milliseconds. */
export interface Ping {
  count: number;
  min_ms: number;
  median_ms: number;
  max_ms: number;
}

/** What was pasted, as the fields of the form. Its secret stays in the kernel. */
export interface Pasted {
  /** What it was: `pymilvus`, `curl`, `uri`, … */
  kind: string;
  address: string;
  alias: string;
  user: string;
  sign_in: Auth;
  /** The kernel keeps a secret under this request's id, for `secret_from`. */
  has_secret: boolean;
  db_name: string;
  secure: boolean;
  ca_pem_path: string;
  server_pem_path: string;
  client_pem_path: string;
  client_key_path: string;
  server_name: string;
  timeout: number | null;
  /** What was left out, a sentence each. */
  notes: string[];
}

/** A connection as code, with its secrets as references to the environment. */
export interface Code {
  /** Its words, and what JupyterLab's editor calls their kind, or "". Together they are the code. */
  words: [string, string][];
  language: string;
  languages: string[];
}

/** Nothing to say. */
export interface Nothing {}

/** What a page is told that goes on attending. */
export interface Look {
  /** It had been forgotten meanwhile: what has changed was not told. */
  missed: boolean;
}

/** A connection's name. */
export interface Alias {
  alias: string;
}

/** A profile's name. */
export interface Name {
  name: string;
}

/** A name of somebody else's connection, and the alias that it is given. */
export interface Adoption {
  alias: string;
  new_alias: string;
}

/** A connection, and the language in which it is wanted. */
export interface Language {
  alias: string;
  language: string;
}

/** An earlier request. */
export interface RequestId {
  request: number;
}

/** What became of an earlier request whose answer a page could not hear any more. */
export interface Outcome {
  /** Whether it is known here. One that is not will not be done, should it still arrive. */
  known: boolean;
  failure: Failure | null;
}

/** A text. */
export interface Text {
  text: string;
}

/** How often a server is probed, in seconds. */
export interface Pace {
  heartbeat_s: number;
}

/** A file that is open in the page, as the Jupyter server names it. */
export interface OpenFile {
  /** The server's own folder; may begin with ``~``. */
  root: string;
  /** Below it. */
  path: string;
}

/** All that is known of something. */
export interface Facts {
  rows: Fact[];
}

/** A database of a connection. */
export interface Database {
  alias: string;
  database: string;
}

/** A collection of a connection. */
export interface Collection extends Database {
  collection: string;
}

/** Some collections of a database, by name. */
export interface SomeCollections extends Database {
  names: string[];
}

/** A collection that is to be loaded, or further than it was. */
export interface Loading extends Collection {
  /** How far that was, 0 to 100; -1 to begin. */
  seen: number;
}

/** A collection, and how many of its rows are wanted. */
export interface Rows extends Collection {
  count: number;
}

/** A collection, or one field of it. */
export interface Part extends Collection {
  /** Empty for all of it. */
  field: string;
}

/** Code that reads a collection. */
export interface PartCode {
  /** For this kernel, which has the connection. */
  here: string;
  /** For anywhere else: it connects itself, with its secrets as references to the environment. */
  elsewhere: string;
}

/** What a server did not tell of something that it told else. */
export interface Untold {
  what: string;
  reason: string;
  /** What an administrator runs to allow it; empty where it is not that. */
  grant: string;
}

/** The databases that the user may see. Times are the kernel's Unix seconds. */
export interface DatabaseNames {
  names: string[];
  /** The one that the connection uses. */
  current: string;
  untold: Untold[];
  asked_at: number;
}

/** The collections that the user may see. */
export interface CollectionNames {
  names: string[];
  /** How many there are: no more than 20,000 are named. */
  total: number;
  asked_at: number;
}

/** Whether a collection is in the server's memory, as far as that tells. */
export interface Loaded {
  load: LoadState | null;
  /** How much is loaded, 0 to 100. */
  percent: number | null;
}

/** How large a collection is, as far as the server tells. */
export interface Size extends Loaded {
  rows: number | null;
  /** Whether they were counted; else it is the server's estimate. */
  is_exact: boolean;
}

/** A collection, and how large it is. */
export interface NamedSize extends Size {
  name: string;
}

/** Those of the collections that are still there. */
export interface Sizes {
  sizes: NamedSize[];
  untold: Untold[];
  asked_at: number;
}

/** A field of a collection, or of the structs in one of its fields. */
export interface Field {
  name: string;
  /** The field whose structs it is in; empty where it is the collection's own. */
  struct: string;
  /** With its size: `FLOAT_VECTOR 768`, `VARCHAR(64)`. */
  type: string;
  is_primary: boolean;
  auto_id: boolean;
  is_partition_key: boolean;
  is_clustering_key: boolean;
  nullable: boolean;
  is_function_output: boolean;
  default: string | null;
  analyzer: string;
  description: string;
}

/** An index of a field. */
export interface Index {
  field: string;
  name: string;
  type: string;
  metric: string;
  /** The others, such as `M 8, efConstruction 64`. */
  params: string;
  /** `finished`, `in progress`, `failed`, …, or empty; and what of it is done, 0 to 100. */
  state: string;
  percent: number | null;
  /** Why it failed. */
  reason: string;
}

/** All that a server tells of a collection. */
export interface Description extends Size {
  /** Its own, where it was asked for by an alias. */
  name: string;
  description: string;
  fields: Field[];
  has_dynamic_field: boolean;
  indexes: Index[];
  /** None where the server does not tell. */
  partitions: string[] | null;
  aliases: string[] | null;
  untold: Untold[];
  asked_at: number;
}

/** Some rows of a collection, each value as a short text. */
export interface Preview {
  columns: string[];
  /** Of each column; empty for one that is not in the schema. */
  types: string[];
  /** As many values a row as there are columns; an empty text is no value. */
  rows: Cell[][];
  asked_at: number;
}

interface Change {
  v: number;
  event: 'rows';
  changed: Row[];
  removed: string[];
  current: string | null;
  now: number;
}

/** Which connections are new or changed, and which are gone. */
export interface RowsEvent extends Change {
  many?: Many;
  /** So many have changed at once that they are not told: a page asks for what it shows. */
  missed?: boolean;
}

/** How far a connect or a check has come. */
export interface StageEvent {
  v: number;
  event: 'stage';
  request: number;
  stages: Stage[];
}

interface Measured {
  v: number;
  event: 'tick';
  now: number;
  /** How often each server is probed. */
  heartbeat_s: number;
  measured: Measurement[];
}

/** The kernel lives, and this was last measured; told at each heartbeat while a page attends. */
export interface TickEvent extends Measured {
  /** How often it is told, where that is not each heartbeat: many servers are probed in turn. */
  tick_s?: number;
}

/** The profiles have changed, in any notebook or by any editor. */
export interface ProfilesEvent {
  v: number;
  event: 'profiles';
  profiles: Profiles;
}

/** The kernel has loaded milvus_nb, of this version. */
export interface HereEvent {
  v: number;
  event: 'here';
  milvus_nb: string;
}

/** A cell has ended; told where a page has looked into a database, which it may have changed. */
export interface CellEvent {
  v: number;
  event: 'cell';
}

/** Pages have made several subshells; this is the one to share. */
export interface SubshellEvent {
  v: number;
  event: 'subshell';
  id: string;
}

/** A question that was asked again has arrived; it is being answered. */
export interface TakenEvent {
  v: number;
  event: 'taken';
  request: number;
}

/** The kernel has unloaded milvus_nb; a comm_close would be an error in JupyterLab's console. */
export interface GoneEvent {
  v: number;
  event: 'gone';
}

export type Event = RowsEvent | StageEvent | TickEvent | ProfilesEvent | HereEvent | CellEvent | SubshellEvent | TakenEvent | GoneEvent;

/** What a page may ask: the parameters, and the result. */
export interface Methods {
  hello: { params: Nothing; result: Hello };
  look: { params: Nothing; result: Look };
  leave: { params: Nothing; result: Nothing };
  pace: { params: Pace; result: Nothing };
  connect: { params: ConnectParams; result: Alias };
  test: { params: ConnectParams; result: Report };
  diagnose: { params: Alias; result: Report };
  cancel: { params: RequestId; result: Nothing };
  forget: { params: RequestId; result: Nothing };
  outcome: { params: RequestId; result: Outcome };
  paste: { params: Text; result: Pasted };
  list: { params: Window; result: Listed };
  disconnect: { params: Alias; result: Nothing };
  disconnect_all: { params: Nothing; result: Nothing };
  reconnect: { params: Alias; result: Alias };
  retry: { params: Alias; result: Nothing };
  use: { params: Alias; result: Nothing };
  adopt: { params: Adoption; result: Alias };
  ping: { params: Alias; result: Ping };
  details: { params: Alias; result: Facts };
  sources: { params: Alias; result: Facts };
  rights: { params: Alias; result: Facts };
  code: { params: Language; result: Code };
  cell: { params: Alias; result: Text };
  databases: { params: Alias; result: DatabaseNames };
  collections: { params: Database; result: CollectionNames };
  sizes: { params: SomeCollections; result: Sizes };
  describe: { params: Collection; result: Description };
  preview: { params: Rows; result: Preview };
  load: { params: Loading; result: Loaded };
  release: { params: Collection; result: Nothing };
  collection_code: { params: Part; result: PartCode };
  save_profile: { params: SaveProfile; result: Name };
  delete_profile: { params: Name; result: Text };
  importable: { params: Nothing; result: Importables };
  import_profiles: { params: Picked; result: Imported };
  server_folder: { params: OpenFile; result: Text };
}

/** What only looks: asked again, it is done again. All else is done once, see page/questions.py. */
export const LOOKS: ReadonlySet<Method> = new Set(['cell', 'code', 'collection_code', 'collections', 'databases', 'describe', 'details', 'hello', 'importable', 'list', 'look', 'outcome', 'ping', 'preview', 'rights', 'server_folder', 'sizes', 'sources']);

export type Method = keyof Methods;

/** The same types as data, to check what comes; without those that are only sent. */
export const SHAPES: Shapes = {
  State: "'connecting' | 'connected' | 'degraded' | 'unreachable' | 'rejected' | 'disconnected'",
  Auth: "'none' | 'password' | 'token'",
  SecretKind: "'none' | 'ask' | 'env' | 'keyring'",
  Action: "'use-tls' | 'no-tls' | 'use-port' | 'choose-file' | 'server-name' | 'timeout' | 'sign-in' | 'database' | 'create-database' | 'other-alias' | 'replace' | 'trust'",
  StageName: "'file' | 'resolve' | 'tcp' | 'tls' | 'grpc' | 'sign_in' | 'version' | 'health' | 'database'",
  LoadState: "'loaded' | 'loading' | 'released'",
  StageStatus: "'pending' | 'running' | 'ok' | 'failed' | 'skipped'",
  Fact: "[string, string] | [string, string, string]",
  Cell: "string | null",
  Measurement: "[number, number | null, number | null]",
  Where: {
    address: 'string',
    alias: 'string',
  },
  ConnectParams: {
    '...': 'Where',
    'user?': 'string',
    'password?': 'string',
    'token?': 'string',
    'secret_from?': 'number',
    'password_env?': 'string',
    'token_env?': 'string',
    'db_name?': 'string',
    'secure?': 'boolean',
    'ca_pem_path?': 'string',
    'server_pem_path?': 'string',
    'client_pem_path?': 'string',
    'client_key_path?': 'string',
    'server_name?': 'string',
    'timeout?': 'number',
    'replace?': 'boolean',
    'create_database?': 'boolean',
    'profile?': 'string',
    'seal?': 'string',
    'allow?': 'string',
  },
  Offer: {
    action: 'Action',
    value: 'string',
  },
  Connection: {
    endpoint: 'number',
    alias: 'string',
    address: 'string',
    user: 'string',
    auth: 'Auth',
    db_name: 'string',
    secure: 'boolean',
    state: 'State',
    reason: 'string',
    fix: 'string',
    cause: 'string',
    note: 'string',
    server_version: 'string',
    latency_ms: 'number | null',
    since: 'number | null',
    checked_at: 'number | null',
    connected_at: 'number | null',
    origin: 'string',
    users: 'string[]',
    own: 'boolean',
    again: 'ConnectParams',
    secret: 'SecretKind',
    profile: 'string',
    label: 'string',
    color: 'string',
    confirm: 'boolean',
  },
  Row: {
    '...': 'Connection',
    'offers?': 'Offer[]',
  },
  Stage: {
    name: 'StageName',
    status: 'StageStatus',
    ms: 'number | null',
    text: 'string',
  },
  Explained: {
    what: 'string',
    reason: 'string',
    fix: 'string',
    cause: 'string',
    evidence: 'string',
  },
  Failure: {
    '...': 'Explained',
    'offers?': 'Offer[]',
  },
  Report: {
    stages: 'Stage[]',
    facts: 'Fact[]',
    notes: 'string[]',
    failure: 'Failure | null',
  },
  Profile: {
    name: 'string',
    address: 'string',
    user: 'string',
    secret: 'string',
    db_name: 'string',
    secure: 'boolean | null',
    ca_pem_path: 'string',
    server_pem_path: 'string',
    client_pem_path: 'string',
    client_key_path: 'string',
    server_name: 'string',
    timeout: 'number | null',
    label: 'string',
    color: 'string',
    confirm: 'boolean',
    default: 'boolean',
    autoconnect: 'boolean',
    path: 'string',
    is_project: 'boolean',
    is_site: 'boolean',
    seal: 'string',
    revision: 'string',
    permit: 'string',
    place: 'string',
  },
  ProfileProblem: {
    where: 'string',
    profile: 'string',
    what: 'string',
    reason: 'string',
    fix: 'string',
    is_warning: 'boolean',
  },
  Profiles: {
    profiles: 'Profile[]',
    problems: 'ProfileProblem[]',
    user_path: 'string',
    project_path: 'string',
    site_path: 'string',
  },
  Importable: {
    id: 'string',
    name: 'string',
    place: 'string',
    user: 'string',
    has_secret: 'boolean',
    problem: 'string',
  },
  Importables: {
    path: 'string',
    found: 'Importable[]',
  },
  Imported: {
    names: 'string[]',
    left: 'string[]',
  },
  KernelRecord: {
    id: 'string',
    connected: 'Row[]',
    lost: 'Row[]',
  },
  Kernels: {
    kernels: 'KernelRecord[]',
  },
  Many: {
    own: 'number',
    others: 'number',
    troubled: 'number',
    profiles: 'string[]',
  },
  Listed: {
    rows: 'Row[]',
    offset: 'number',
    total: 'number',
    also: 'Row[]',
  },
  Greeting: {
    connections: 'Row[]',
    current: 'string | null',
    now: 'number',
    heartbeat_s: 'number',
    versions: 'Record<string, string>',
    profiles: 'Profiles',
  },
  Hello: {
    '...': 'Greeting',
    'tick_s?': 'number',
    'many?': 'Many',
  },
  Ping: {
    count: 'number',
    min_ms: 'number',
    median_ms: 'number',
    max_ms: 'number',
  },
  Pasted: {
    kind: 'string',
    address: 'string',
    alias: 'string',
    user: 'string',
    sign_in: 'Auth',
    has_secret: 'boolean',
    db_name: 'string',
    secure: 'boolean',
    ca_pem_path: 'string',
    server_pem_path: 'string',
    client_pem_path: 'string',
    client_key_path: 'string',
    server_name: 'string',
    timeout: 'number | null',
    notes: 'string[]',
  },
  Code: {
    words: '[string, string][]',
    language: 'string',
    languages: 'string[]',
  },
  Nothing: {},
  Look: {
    missed: 'boolean',
  },
  Alias: {
    alias: 'string',
  },
  Name: {
    name: 'string',
  },
  Outcome: {
    known: 'boolean',
    failure: 'Failure | null',
  },
  Text: {
    text: 'string',
  },
  Facts: {
    rows: 'Fact[]',
  },
  PartCode: {
    here: 'string',
    elsewhere: 'string',
  },
  Untold: {
    what: 'string',
    reason: 'string',
    grant: 'string',
  },
  DatabaseNames: {
    names: 'string[]',
    current: 'string',
    untold: 'Untold[]',
    asked_at: 'number',
  },
  CollectionNames: {
    names: 'string[]',
    total: 'number',
    asked_at: 'number',
  },
  Loaded: {
    load: 'LoadState | null',
    percent: 'number | null',
  },
  Size: {
    '...': 'Loaded',
    rows: 'number | null',
    is_exact: 'boolean',
  },
  NamedSize: {
    '...': 'Size',
    name: 'string',
  },
  Sizes: {
    sizes: 'NamedSize[]',
    untold: 'Untold[]',
    asked_at: 'number',
  },
  Field: {
    name: 'string',
    struct: 'string',
    type: 'string',
    is_primary: 'boolean',
    auto_id: 'boolean',
    is_partition_key: 'boolean',
    is_clustering_key: 'boolean',
    nullable: 'boolean',
    is_function_output: 'boolean',
    default: 'string | null',
    analyzer: 'string',
    description: 'string',
  },
  Index: {
    field: 'string',
    name: 'string',
    type: 'string',
    metric: 'string',
    params: 'string',
    state: 'string',
    percent: 'number | null',
    reason: 'string',
  },
  Description: {
    '...': 'Size',
    name: 'string',
    description: 'string',
    fields: 'Field[]',
    has_dynamic_field: 'boolean',
    indexes: 'Index[]',
    partitions: 'string[] | null',
    aliases: 'string[] | null',
    untold: 'Untold[]',
    asked_at: 'number',
  },
  Preview: {
    columns: 'string[]',
    types: 'string[]',
    rows: 'Cell[][]',
    asked_at: 'number',
  },
  Change: {
    v: 'number',
    event: "'rows'",
    changed: 'Row[]',
    removed: 'string[]',
    current: 'string | null',
    now: 'number',
  },
  RowsEvent: {
    '...': 'Change',
    'many?': 'Many',
    'missed?': 'boolean',
  },
  StageEvent: {
    v: 'number',
    event: "'stage'",
    request: 'number',
    stages: 'Stage[]',
  },
  Measured: {
    v: 'number',
    event: "'tick'",
    now: 'number',
    heartbeat_s: 'number',
    measured: 'Measurement[]',
  },
  TickEvent: {
    '...': 'Measured',
    'tick_s?': 'number',
  },
  ProfilesEvent: {
    v: 'number',
    event: "'profiles'",
    profiles: 'Profiles',
  },
  HereEvent: {
    v: 'number',
    event: "'here'",
    milvus_nb: 'string',
  },
  CellEvent: {
    v: 'number',
    event: "'cell'",
  },
  SubshellEvent: {
    v: 'number',
    event: "'subshell'",
    id: 'string',
  },
  TakenEvent: {
    v: 'number',
    event: "'taken'",
    request: 'number',
  },
  GoneEvent: {
    v: 'number',
    event: "'gone'",
  },
  Event: "RowsEvent | StageEvent | TickEvent | ProfilesEvent | HereEvent | CellEvent | SubshellEvent | TakenEvent | GoneEvent",
};

/** The type of each method's result. */
export const RESULTS: Record<Method, string> = {
  hello: 'Hello',
  look: 'Look',
  leave: 'Nothing',
  pace: 'Nothing',
  connect: 'Alias',
  test: 'Report',
  diagnose: 'Report',
  cancel: 'Nothing',
  forget: 'Nothing',
  outcome: 'Outcome',
  paste: 'Pasted',
  list: 'Listed',
  disconnect: 'Nothing',
  disconnect_all: 'Nothing',
  reconnect: 'Alias',
  retry: 'Nothing',
  use: 'Nothing',
  adopt: 'Alias',
  ping: 'Ping',
  details: 'Facts',
  sources: 'Facts',
  rights: 'Facts',
  code: 'Code',
  cell: 'Text',
  databases: 'DatabaseNames',
  collections: 'CollectionNames',
  sizes: 'Sizes',
  describe: 'Description',
  preview: 'Preview',
  load: 'Loaded',
  release: 'Nothing',
  collection_code: 'PartCode',
  save_profile: 'Name',
  delete_profile: 'Text',
  importable: 'Importables',
  import_profiles: 'Imported',
  server_folder: 'Text',
};
