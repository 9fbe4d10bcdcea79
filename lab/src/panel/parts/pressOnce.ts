/**
 * Let a press be for what it was begun on, and count once. What is held goes on to whatever has the
 * focus by then, and the second click of a double one falls on whatever has come under the pointer.
 * Enter and Escape of an input method, which end its word, are not for us.
 *
 * @returns ends it
 */
export function pressOnce(root: HTMLElement): () => void {
  let pressed: Element | null = null;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== 'Escape') {
      return;
    }
    if (event.repeat) {
      event.preventDefault();
    }
    if (event.repeat || event.isComposing) {
      event.stopPropagation();
    }
  };
  const onClick = (event: MouseEvent): void => {
    const button = (event.target as Element).closest('button, label, summary, a');
    if (event.detail > 1 && button !== pressed) {
      event.preventDefault();
      event.stopPropagation();
    } else {
      pressed = button;
    }
  };
  root.addEventListener('keydown', onKeyDown, true);
  root.addEventListener('click', onClick, true);
  return () => {
    root.removeEventListener('keydown', onKeyDown, true);
    root.removeEventListener('click', onClick, true);
  };
}
