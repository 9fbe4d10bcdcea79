// The panel's texts in the user's language, where a front end knows it.

type Value = string | number | undefined;

/** The part of JupyterLab's `TranslationBundle` that is used: `%1` is the first argument. */
export interface Translation {
  __(text: string, ...values: Value[]): string;
  /** `%1` is the number. */
  _n(one: string, many: string, n: number, ...values: Value[]): string;
}

export const English: Translation = {
  __: (text, ...values) => fill(text, values),
  _n: (one, many, n, ...values) => fill(n === 1 ? one : many, [n, ...values]),
};

let language = English;

/** The texts as they are to be shown. */
export const trans: Translation = {
  __: (text, ...values) => language.__(text, ...values),
  _n: (one, many, n, ...values) => language._n(one, many, n, ...values),
};

export function setTranslation(translation: Translation): void {
  language = translation;
}

function fill(text: string, values: Value[]): string {
  return text.replace(/%(\d)/g, (place, number) => String(values[Number(number) - 1] ?? place));
}
