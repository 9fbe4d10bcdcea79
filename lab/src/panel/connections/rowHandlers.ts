import type { Offer, Row } from '../../protocol/messages';

/** What was opened in a row: a question, a form, the connection as code or as a profile. */
export type Opened = 'question' | 'alias' | 'code' | 'save';

/** What can be done in a row, for whoever draws it. */
export interface RowHandlers {
  disconnect: (row: Row) => void;
  open: (alias: string, what: Opened) => void;
  retry: (alias: string) => void;
  use: (alias: string) => void;
  ping: (alias: string) => void;
  /** Open or close what is in its databases. */
  toggleTree: (row: Row) => void;
  toggleDetails: (alias: string) => void;
  check: (row: Row) => void;
  /** Open the form with it, and with what is offered done. */
  mend: (row: Row, offer: Offer) => void;
  /** Put the lines that connect it into a notebook; null where there is none. */
  insert: ((row: Row) => void) | null;
  /** Its name is pressed: those lines may be dragged. */
  press: ((row: Row, event: PointerEvent) => void) | null;
}
