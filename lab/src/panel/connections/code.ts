// A connection as code: what its languages are called, and the way to the clipboard.

import { trans } from '../../state/i18n';

const LANGUAGE_WORDS: Record<string, () => string> = {
  magic: () => '%milvus',
  python: () => trans.__('Python (MilvusClient)'),
  orm: () => trans.__('Python (connections)'),
  async: () => trans.__('Python (async)'),
  node: () => trans.__('Node.js'),
  go: () => trans.__('Go'),
  java: () => trans.__('Java'),
  cli: () => trans.__('Milvus CLI'),
  curl: () => trans.__('curl (REST)'),
};

export function languageWord(language: string): string {
  return LANGUAGE_WORDS[language]?.() ?? language;
}

/**
 * Copy an element's text. Over plain http a page has no clipboard of its own: then the text is
 * selected and copied as by hand. Whether it worked; if not, it is still selected.
 */
export async function copyText(node: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    document.getSelection()?.selectAllChildren(node);
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way over plain http
    return document.execCommand('copy');
  }
}
