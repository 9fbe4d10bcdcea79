import type { Failure } from '../../protocol/messages';
import { elapsed } from '../../state/clock';
import { failed as failure, RequestError } from '../../state/failures';
import { trans } from '../../state/i18n';
import type { CodeFor, Hands, Point } from './hands';

/** The mouse must go so far, in px, before it drags. */
const THRESHOLD = 5;
/** What comes so many ms after the button was let go is not dropped: something else may be there by then. */
const LATE_MS = 3000;

/**
 * Watch a press of the mouse. As soon as it moves, the code is asked for; when that is there, it is
 * dragged, or dropped where the button was let go a moment ago.
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
  let upAt: number | null = null;
  const end = (): void => {
    upAt ??= elapsed();
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
          const letGoAt = upAt;
          end();
          if (isCancelled) {
            return;
          }
          if (letGoAt !== null && elapsed() - letGoAt > LATE_MS) {
            throw new RequestError(tooLate(label));
          }
          hands.drag(written, label, at, letGoAt !== null);
        })
        .catch(failed);
    }
  };
  window.addEventListener('pointermove', move, true);
  window.addEventListener('pointerup', end, true);
  window.addEventListener('pointercancel', cancel, true);
}

function tooLate(label: string): Failure {
  return failure(
    trans.__('The code of %1 was not dropped.', label),
    trans.__('It came some seconds after the mouse was let go.'),
    trans.__('Drag it once more, when the kernel answers.'),
  );
}
