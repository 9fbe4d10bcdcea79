// Whether the page on which a widget stands is light or dark. Neither the system nor the page's
// `color-scheme` tells: pages have dark themes that say nothing of it. But text has to be readable.

/** What the style sheets look at; JupyterLab's own mark comes before it. */
const MARK = 'data-milvus-nb-scheme';

/** What a page marks its theme with. */
const WHERE = { attributes: true, attributeFilter: ['class', 'style', 'data-theme', 'theme'] };

/** Mark a node with `light` or `dark`, and again whenever the page's theme changes. */
export function followScheme(node: Element): () => void {
  const mark = (): void => {
    const { color } = getComputedStyle(node.isConnected ? node : document.body);
    node.setAttribute(MARK, isLight(color) ? 'dark' : 'light');
  };
  mark();
  requestAnimationFrame(mark); // by then it has its place in the page
  const observer = new MutationObserver(mark);
  observer.observe(document.documentElement, WHERE);
  observer.observe(document.body, WHERE);
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', mark);
  return () => {
    observer.disconnect();
    system.removeEventListener('change', mark);
  };
}

/** Whether a colour, as browsers compute it, is a light one. */
function isLight(color: string): boolean {
  const context = document.createElement('canvas').getContext('2d');
  if (context === null) {
    return false;
  }
  context.fillStyle = color; // of whatever notation
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data as unknown as number[];
  return 0.299 * (red ?? 0) + 0.587 * (green ?? 0) + 0.114 * (blue ?? 0) > 127;
}
