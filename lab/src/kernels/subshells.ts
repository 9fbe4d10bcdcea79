// The subshell of each kernel that the pages of this browser use: one that is made anew by each page
// would stay behind, as a thread of the kernel.

const KEY = 'milvus_nb:subshells';

/** What is being made just now, by kernel. */
const making = new Map<string, Promise<string | null>>();

/** Whoever wants a subshell of a kernel while one is made gets that one. */
export function oneAtATime(
  kernelId: string,
  make: () => Promise<string | null>,
): Promise<string | null> {
  const known = making.get(kernelId);
  if (known !== undefined) {
    return known;
  }
  const made = make().finally(() => {
    if (making.get(kernelId) === made) {
      making.delete(kernelId);
    }
  });
  making.set(kernelId, made);
  return made;
}

/** The kernel was restarted: what it was asked for may never come. */
export function giveUpMaking(kernelId: string): void {
  making.delete(kernelId);
}

export function recall(kernelId: string): string | null {
  return read()[kernelId] ?? null;
}

export function remember(kernelId: string, subshellId: string): void {
  write({ ...read(), [kernelId]: subshellId });
}

/** Forget those of kernels that are not running any more. */
export function keepOnly(isRunning: (kernelId: string) => boolean): void {
  const all = Object.entries(read());
  const kept = all.filter(([kernelId]) => isRunning(kernelId));
  if (kept.length < all.length) {
    write(Object.fromEntries(kept));
  }
}

function read(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

function write(subshells: Record<string, string>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(subshells));
  } catch {
    // Not allowed here: the next page has to make one of its own.
  }
}
