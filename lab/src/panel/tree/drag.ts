import type { CodeFor, Hands, Point } from './hands';

/** The mouse must go so far, in px, before it drags. */
const THRESHOLD = 5;

/**
 * Watch a press of the mouse. As soon as it moves, the code is asked for; when that is there, it is
 * dragged, or dropped where the button was let go meanwhile.
 */
export function watchPress(
  down: PointerEvent,
  hands: Hands,
  label: string,
  code: () => Promise<CodeFor>,
  failed: (error: unknown) => void,
): void {
  if (down.button !== 0 || down.pointerType === 'touch') {
    return;
  }
  let at: Point = down;
  let isMoved = false;
  let isUp = false;
  const end = (): void => {
    isUp = true;
    window.removeEventListener('pointermove', move, true);
    window.removeEventListener('pointerup', end, true);
    window.removeEventListener('pointercancel', cancel, true);
  };
  let isCancelled = false;
  const cancel = (): void => {
    isCancelled = true;
    end();
  };
  const move = (event: PointerEvent): void => {
    at = event;
    const far = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
    if (!isMoved && far >= THRESHOLD) {
      isMoved = true;
      code()
        .then(written => {
          const isDropped = isUp;
          end();
          if (!isCancelled) {
            hands.drag(written, label, at, isDropped);
          }
        })
        .catch(failed);
    }
  };
  window.addEventListener('pointermove', move, true);
  window.addEventListener('pointerup', end, true);
  window.addEventListener('pointercancel', cancel, true);
}
