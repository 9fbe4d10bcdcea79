import { SCROLLER } from '../parts/hooks';

/** Which of the drawn rows can be seen in what scrolls: some are drawn in advance. */
export function inSight(space: HTMLElement | null, attribute: string): number[] {
  const scroller = space?.closest(SCROLLER);
  if (!space || !scroller || !space.checkVisibility()) {
    return [];
  }
  const { top, bottom } = scroller.getBoundingClientRect();
  const from = Math.max(top, 0);
  const to = Math.min(bottom, window.innerHeight);
  return [...space.querySelectorAll(`[${attribute}]`)]
    .filter(row => {
      const at = row.getBoundingClientRect();
      return at.bottom > from && at.top < to;
    })
    .map(row => Number(row.getAttribute(attribute)));
}
