import type { ComponentChildren } from 'preact';

/** Keeps a place in a text for what `Sentence` puts there: `trans.__('Disconnected %1.', HERE)`. */
export const HERE = '%1';

interface Props {
  /** It has `HERE` in it. */
  text: string;
  children: ComponentChildren;
}

/** A translated text with an element in it, wherever the language puts it. */
export function Sentence({ text, children }: Props) {
  const [before, after] = text.split(HERE);
  return (
    <>
      {before}
      {children}
      {after}
    </>
  );
}
