import type { TargetedKeyboardEvent } from 'preact';

/** Let Enter in a box send the form: JupyterLab keeps it in a cell from doing what it does in all. */
export function submitOnEnter(event: TargetedKeyboardEvent<HTMLFormElement>): void {
  if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
    event.preventDefault();
    event.currentTarget.requestSubmit();
  }
}
