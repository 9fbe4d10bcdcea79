// A connection as code: what its languages are called, and the way to the clipboard.

const LANGUAGE_WORDS: Record<string, string> = {
  magic: '%milvus',
  python: 'Python (MilvusClient)',
  orm: 'Python (connections)',
  async: 'Python (async)',
  node: 'Node.js',
  go: 'Go',
  java: 'Java',
  cli: 'Milvus CLI',
  curl: 'curl (REST)',
};

export function languageWord(language: string): string {
  return LANGUAGE_WORDS[language] ?? language;
}

/**
 * Copy an element's text. Over plain http a page has no clipboard of its own: then the text is
 * selected and copied as by hand. Whether it worked; if not, it is still selected.
 */
export async function copyText(node: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(node.textContent ?? '');
    return true;
  } catch {
    document.getSelection()?.selectAllChildren(node);
    return document.execCommand('copy');
  }
}
