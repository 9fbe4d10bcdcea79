// What the kernel and the page say to each other; milvus_nb/messages.py is the same in Python.
// Nothing of it is ever a synced trait, so nothing of it is saved with a notebook.

export const PROTOCOL = 3;

export type State =
  'connecting' | 'connected' | 'degraded' | 'unreachable' | 'rejected' | 'disconnected';

/** One connection. Times are the kernel's unix seconds. */
export interface Row {
  /** The number of its endpoint, which several connections may share. */
  endpoint: number;
  alias: string;
  address: string;
  user: string;
  auth: 'none' | 'password' | 'token';
  db_name: string;
  secure: boolean;
  state: State;
  reason: string;
  fix: string;
  /** The identifier of why it fails, as `refused`; '' if it does not. */
  cause: string;
  /** A warning about a connection that works, or ''. */
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
}

export type StageName =
  'file' | 'resolve' | 'tcp' | 'tls' | 'grpc' | 'sign_in' | 'version' | 'health' | 'database';

export interface Stage {
  name: StageName;
  status: 'pending' | 'running' | 'ok' | 'failed' | 'skipped';
  ms: number | null;
  /** What was found, or why it failed. */
  text: string;
}

/** An error, as the user should read it: what happened, why, what to do. */
export interface Failure {
  what: string;
  why: string;
  fix: string;
  /** An identifier, as `refused`; '' if there is none. */
  cause: string;
  /** What was asked, what was answered, how long it took; one line, or ''. */
  evidence: string;
}

/** A label and a text, which may have several lines, and a page of the web that it tells of. */
export type Fact = [label: string, value: string, href?: string];

/** What a check of all layers has found. */
export interface Report {
  stages: Stage[];
  facts: Fact[];
  /** Warnings, a sentence each. */
  notes: string[];
  failure: Failure | null;
}

/** What was last measured of an endpoint, for all connections to it. */
export type Measurement = [endpoint: number, latency_ms: number | null, checked_at: number | null];

export interface Hello {
  connections: Row[];
  current: string | null;
  now: number;
  heartbeat_s: number;
  versions: Record<string, string>;
}

export interface Ping {
  count: number;
  min_ms: number;
  median_ms: number;
  max_ms: number;
}

/** The connect form as it is sent; fields that are left out mean "not given". */
export interface ConnectParams {
  address: string;
  alias: string;
  user?: string;
  password?: string;
  token?: string;
  /** The id of an earlier request of this form whose secret the kernel still holds. */
  secret_from?: number;
  db_name?: string;
  secure?: boolean;
  ca_pem_path?: string;
  server_pem_path?: string;
  client_pem_path?: string;
  client_key_path?: string;
  server_name?: string;
  timeout?: number;
  replace?: boolean;
}

/** What was pasted, as the fields of the form. Its secret stays in the kernel. */
export interface Pasted {
  /** What it was: `pymilvus`, `curl`, `uri`, … */
  kind: string;
  address: string;
  alias: string;
  user: string;
  sign_in: 'none' | 'password' | 'token';
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
  text: string;
  language: string;
  languages: string[];
}

interface Alias {
  alias: string;
}

export interface Methods {
  hello: { params: Record<string, never>; result: Hello };
  look: { params: Record<string, never>; result: object };
  connect: { params: ConnectParams; result: Alias };
  test: { params: ConnectParams; result: Report };
  diagnose: { params: Alias; result: Report };
  cancel: { params: { request: number }; result: object };
  forget: { params: { request: number }; result: object };
  paste: { params: { text: string }; result: Pasted };
  disconnect: { params: Alias; result: object };
  reconnect: { params: Alias; result: Alias };
  retry: { params: Alias; result: object };
  use: { params: Alias; result: object };
  adopt: { params: { alias: string; as: string }; result: Alias };
  ping: { params: Alias; result: Ping };
  details: { params: Alias; result: { rows: Fact[] } };
  sources: { params: Alias; result: { rows: Fact[] } };
  code: { params: { alias: string; language: string }; result: Code };
}

export type Method = keyof Methods;

export type Reply =
  { v: number; id: number; result: unknown } | { v: number; id: number; error: Failure };

export type Event =
  | {
      v: number;
      event: 'rows';
      changed: Row[];
      removed: string[];
      current: string | null;
      now: number;
    }
  | { v: number; event: 'stage'; request: number; stages: Stage[] }
  | { v: number; event: 'tick'; now: number; heartbeat_s: number; measured: Measurement[] };

export type Incoming = { kind: 'reply'; reply: Reply } | { kind: 'event'; event: Event };

const EVENTS = new Set(['rows', 'stage', 'tick']);

/** A message of the kernel, or null for one that is not of this protocol. */
export function parse(message: unknown): Incoming | null {
  if (typeof message !== 'object' || message === null) {
    return null;
  }
  const fields = message as Record<string, unknown>;
  if (fields.v !== PROTOCOL) {
    return null;
  }
  if (typeof fields.event === 'string') {
    return EVENTS.has(fields.event) ? { kind: 'event', event: message as Event } : null;
  }
  if (typeof fields.id === 'number' && ('result' in fields || isFailure(fields.error))) {
    return { kind: 'reply', reply: message as Reply };
  }
  return null;
}

function isFailure(value: unknown): value is Failure {
  return typeof value === 'object' && value !== null && typeof (value as Failure).what === 'string';
}
