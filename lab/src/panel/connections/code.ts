// A connection as code: what its languages are called.

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
