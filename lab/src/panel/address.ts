// What the form must know of an address. The kernel's params module is what understands it.

/** Whether the address is a Milvus Lite file, which has neither sign-in nor TLS. */
export function isFile(address: string): boolean {
  return /\.db\/?$/i.test(address.trim()) && !/^(https?|tcp|grpc|unix):/i.test(address.trim());
}

export interface SplitAddress {
  address: string;
  user: string;
  password: string;
}

/**
 * Take `user:password@` out of an address, so that the password goes where it is hidden.
 * Null where the address has none.
 */
export function splitCredentials(address: string): SplitAddress | null {
  const match = /^\s*([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@(.*)$/is.exec(address);
  if (match === null) {
    return null;
  }
  const [, scheme = '', userInfo = '', rest = ''] = match;
  const colon = userInfo.indexOf(':');
  if (colon < 0) {
    return null;
  }
  return {
    address: scheme + rest,
    user: decode(userInfo.slice(0, colon)),
    password: decode(userInfo.slice(colon + 1)),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The first of `default`, `default-2`, `default-3`, … that no connection has. */
export function freeAlias(taken: { has(alias: string): boolean }): string {
  let alias = 'default';
  for (let n = 2; taken.has(alias); n++) {
    alias = `default-${n}`;
  }
  return alias;
}
