// Whether what the kernel says is what messages.ts promises.

import {
  type Event,
  type Failure,
  type Method,
  type Methods,
  PROTOCOL,
  RESULTS,
  SHAPES,
} from './messages';

/** Types by name: an alias is a type, an interface has a type for each field. `?` is an optional one. */
export type Shapes = Record<string, string | Record<string, string>>;

/** What came: an answer, an event, or a message of another version of the protocol. */
export type Incoming =
  | { kind: 'reply'; id: number; error: Failure | null; result: unknown }
  | { kind: 'event'; event: Event }
  | { kind: 'version'; v: number };

type Check = (value: unknown) => boolean;

const EVENTS: Record<string, string> = {
  rows: 'RowsEvent',
  stage: 'StageEvent',
  tick: 'TickEvent',
  here: 'HereEvent',
};

/** A message of the kernel; null for what is none. */
export function parse(message: unknown): Incoming | null {
  if (!isObject(message) || typeof message.v !== 'number') {
    return null;
  }
  const { v, id, event } = message;
  if (v !== PROTOCOL) {
    return { kind: 'version', v };
  }
  if (typeof event === 'string') {
    const shape = Object.hasOwn(EVENTS, event) ? EVENTS[event] : undefined;
    return shape !== undefined && is(shape, message)
      ? { kind: 'event', event: message as unknown as Event }
      : null;
  }
  if (typeof id !== 'number') {
    return null;
  }
  if ('result' in message) {
    return { kind: 'reply', id, error: null, result: message.result };
  }
  const { error } = message;
  return is('Failure', error) ? { kind: 'reply', id, error: error as Failure, result: null } : null;
}

/** Whether a method's answer is what it promises. */
export function isResult<M extends Method>(
  method: M,
  result: unknown,
): result is Methods[M]['result'] {
  return is(RESULTS[method], result);
}

const checks = new Map<string, Check>();

function is(type: string, value: unknown): boolean {
  return checkOf(type)(value);
}

function checkOf(type: string): Check {
  let check = checks.get(type);
  if (check === undefined) {
    check = makeCheck(type);
    checks.set(type, check);
  }
  return check;
}

/** A check of a type as messages.ts writes it. */
function makeCheck(type: string): Check {
  const shape = SHAPES[type];
  if (typeof shape === 'string') {
    return checkOf(shape);
  }
  if (shape !== undefined) {
    return fieldsCheck(shape);
  }
  const options = split(type, ' | ');
  if (options.length > 1) {
    const any = options.map(checkOf);
    return value => any.some(check => check(value));
  }
  if (type.endsWith('[]')) {
    const item = checkOf(type.slice(0, -2));
    return value => Array.isArray(value) && value.every(item);
  }
  if (type.startsWith('[')) {
    const items = split(type.slice(1, -1), ', ').map(checkOf);
    return value =>
      Array.isArray(value) &&
      value.length === items.length &&
      items.every((check, index) => check(value[index]));
  }
  if (type.startsWith('Record<')) {
    const item = checkOf(type.slice('Record<string, '.length, -1));
    return value => isObject(value) && Object.values(value).every(item);
  }
  if (type.startsWith("'")) {
    return value => value === type.slice(1, -1);
  }
  return type === 'null' ? value => value === null : value => typeof value === type;
}

function fieldsCheck(shape: Record<string, string>): Check {
  const fields = Object.entries(shape).map(([key, type]) => ({
    name: key.replace(/\?$/, ''),
    optional: key.endsWith('?'),
    inherited: key === '...',
    check: checkOf(type),
  }));
  return value =>
    isObject(value) &&
    fields.every(({ name, optional, inherited, check }) =>
      inherited ? check(value) : check(value[name]) || (optional && value[name] === undefined),
    );
}

/** The parts of a type between separators that are in no bracket. */
function split(type: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < type.length; at++) {
    if ('[<'.includes(type.charAt(at))) {
      depth++;
    } else if (']>'.includes(type.charAt(at))) {
      depth--;
    } else if (depth === 0 && type.startsWith(separator, at)) {
      parts.push(type.slice(start, at));
      start = at + separator.length;
    }
  }
  return [...parts, type.slice(start)];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
