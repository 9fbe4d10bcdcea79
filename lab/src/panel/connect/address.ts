// What the form must know of an address. The kernel's params module is what understands it.

/** Whether the address is a Milvus Lite file, which has neither sign-in nor TLS. */
export function isFile(address: string): boolean {
  return /\.db\/?$/i.test(address.trim()) && !/^(https?|tcp|grpc|unix):/i.test(address.trim());
}

/**
 * Whether a text that cannot be read may be shown again, to be corrected: a host and its port, with
 * something between them. Anything else may hold a secret.
 */
export function isMistyped(text: string): boolean {
  return /^[a-z\d.-]+([\s,;]+[a-z\d.-]+)?[\s,;:]+\d{1,5}[\s,;]*$/i.test(text.trim());
}

/**
 * Whether a text is more than a plain address: code, a command, or an address with a password in it.
 * Cheap, and rather too often true than too rarely: the kernel looks again.
 */
export function isMoreThanAddress(text: string): boolean {
  const given = text.trim();
  const path = /^(\.{0,2}[\\/]|~|[a-z]:[\\/]|file:)/i.test(given) && !/[\r\n]/.test(given);
  return !(path && isFile(given)) && /[\s()'"`{}=<>$,;@]/.test(given);
}
