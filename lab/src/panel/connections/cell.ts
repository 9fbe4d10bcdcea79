import type { Session } from '../../state/session';
import { watchPress } from '../tree/drag';
import { always, type CodeFor, type Hands } from '../tree/hands';

/** The lines that connect a connection, on their way into a notebook. */
export interface Cell {
  insert: () => void;
  /** What shows its name is pressed: they may be dragged. */
  press: (event: PointerEvent) => void;
}

export function cellOf(
  alias: string,
  { actions, store }: Pick<Session, 'actions' | 'store'>,
  hands: Hands,
): Cell {
  const code = async (): Promise<CodeFor> => always(await actions.cell(alias));
  const failed = (error: unknown): void => store.fail(alias, error);
  return {
    insert: () => void code().then(hands.insert).catch(failed),
    press: event => watchPress(event, hands, alias, code, failed),
  };
}
