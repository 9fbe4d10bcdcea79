import { trans } from '../../state/i18n';

/** Why is said above, by the connection. */
export function NotTold() {
  return <p>{trans.__('Not told: the server does not answer.')}</p>;
}
