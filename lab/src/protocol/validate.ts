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

/** What came: an answer, an event, or a message of another version of the protocol. */
export type Incoming =
  | { kind: 'reply'; id: number; error: Failure | null; result: unknown }
  | { kind: 'event'; event: Event }
  | { kind: 'version'; v: number };

/** Where a value is not of the type, as `.changed[7].state`; null where it is. */
type Check = (value: unknown) => string | null;

const EVENTS: Record<Event['event'], string> = {
  rows: 'RowsEvent',
  stage: 'StageEvent',
  tick: 'TickEvent',
  profiles: 'ProfilesEvent',
  here: 'HereEvent',
  cell: 'CellEvent',
  subshell: 'SubshellEvent',
  taken: 'TakenEvent',
  gone: 'GoneEvent',
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
    const shape = Object.hasOwn(EVENTS, event) ? EVENTS[event as Event['event']] : undefined;
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

/** Whether a value is of a type; if it is not, the console is told which field is wrong. */
export function is(type: string, value: unknown): boolean {
  const where = checkOf(type)(value);
  if (where !== null) {
    console.warn(`[milvus_nb] what was answered is not as promised: ${type}${where}`);
  }
  return where === null;
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
    return unionCheck(options);
  }
  if (type.endsWith('[]')) {
    return itemsCheck(checkOf(type.slice(0, -2)));
  }
  if (type.startsWith('[')) {
    return tupleCheck(split(type.slice(1, -1), ', ').map(checkOf));
  }
  if (type.startsWith('Record<')) {
    const items = itemsCheck(checkOf(type.slice('Record<string, '.length, -1)));
    return value => (isObject(value) ? items(Object.values(value)) : '');
  }
  if (type.startsWith("'")) {
    return literalCheck([type]);
  }
  return type === 'null'
    ? value => (value === null ? null : '')
    : value => (typeof value === type ? null : '');
}

// Ten thousand rows of forty fields come at once: so there are plain loops, and nothing is built.

function fieldsCheck(shape: Record<string, string>): Check {
  const fields = fieldsOf(shape);
  return value => {
    if (!isObject(value)) {
      return '';
    }
    for (const { name, usual, optional, check } of fields) {
      const field = value[name];
      if (typeof field === usual || (optional && field === undefined)) {
        continue;
      }
      const where = check(field);
      if (where !== null) {
        return `.${name}${where}`;
      }
    }
    return null;
  };
}

const PLAIN = /^(string|number|boolean)(?=$| \| null$)/;

interface Field {
  name: string;
  /** What `typeof` says of a value that needs no other look; '' where each does. */
  usual: string;
  optional: boolean;
  check: Check;
}

function fieldsOf(shape: Record<string, string>): Field[] {
  return Object.entries(shape).flatMap(([key, type]): Field[] => {
    const base = key === '...' ? SHAPES[type] : undefined;
    if (typeof base === 'object') {
      return fieldsOf(base);
    }
    const optional = key.endsWith('?');
    const name = optional ? key.slice(0, -1) : key;
    const usual = PLAIN.exec(type)?.[0] ?? '';
    return [{ name, usual, optional, check: checkOf(type) }];
  });
}

function itemsCheck(item: Check): Check {
  return value => {
    if (!Array.isArray(value)) {
      return '';
    }
    for (let at = 0; at < value.length; at++) {
      const where = item(value[at]);
      if (where !== null) {
        return `[${at}]${where}`;
      }
    }
    return null;
  };
}

function tupleCheck(items: Check[]): Check {
  return value => {
    if (!Array.isArray(value) || value.length !== items.length) {
      return '';
    }
    const wrong = items.findIndex((item, at) => item(value[at]) !== null);
    return wrong === -1 ? null : `[${wrong}]`;
  };
}

function unionCheck(options: string[]): Check {
  if (options.every(option => option.startsWith("'"))) {
    return literalCheck(options);
  }
  const any = options.map(checkOf);
  return value => {
    for (const check of any) {
      if (check(value) === null) {
        return null;
      }
    }
    return '';
  };
}

function literalCheck(options: string[]): Check {
  const known = new Set<unknown>(options.map(option => option.slice(1, -1)));
  return value => (known.has(value) ? null : '');
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
