import { createContext } from 'preact';

/** A place in the window, in px. */
export interface Point {
  clientX: number;
  clientY: number;
}

/** Code as it is written for a kernel, of which the id is known; null for none. */
export type CodeFor = (kernel: string | null) => string;

/** Code that is the same for each kernel. */
export function always(code: string): CodeFor {
  return () => code;
}

/** The code of a connection, or of what is in it. */
export interface Taken {
  for: CodeFor;
  /** For the kernel that it comes from. */
  own: string;
}

/** What JupyterLab can do with code: a panel in a cell has nobody who does it. */
export interface Hands {
  /** Whether there is a notebook to put it into. */
  canInsert: () => boolean;
  /** The id of the kernel of the notebook in front; null where it has none. */
  kernel: () => string | null;
  /** Put it into the notebook in front. */
  insert: (code: CodeFor) => void;
  /** Let it be dragged into a cell; where the mouse's button is up again by now, drop it there. */
  drag: (code: CodeFor, label: string, at: Point, isDropped: boolean) => void;
}

export const HandsContext = createContext<Hands | null>(null);
