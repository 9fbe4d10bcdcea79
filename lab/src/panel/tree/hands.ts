import { createContext } from 'preact';

/** A place in the window, in px. */
export interface Point {
  clientX: number;
  clientY: number;
}

/** What JupyterLab can do with code: a panel in a cell has nobody who does it. */
export interface Hands {
  /** Whether there is a notebook to put it into. */
  canInsert: () => boolean;
  /** Put it into the notebook in front. */
  insert: (code: string) => void;
  /** Let it be dragged into a cell; where the mouse's button is up again by now, drop it there. */
  drag: (code: string, label: string, at: Point, isDropped: boolean) => void;
}

export const HandsContext = createContext<Hands | null>(null);
