// The page's own clock, for what shows an age.

/** Call back every second while the page is in sight; what is returned ends it. */
export function everySecond(callback: () => void): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const follow = (): void => {
    clearInterval(timer);
    if (!document.hidden) {
      timer = setInterval(callback, 1000);
    }
  };
  follow();
  document.addEventListener('visibilitychange', follow);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', follow);
  };
}
