// The way to the clipboard. Over plain http, and where it is not allowed, a page has none of its own:
// then a text is selected and copied as by hand.

/** Copy an element's text. Whether it worked; if not, it is still selected. */
export async function copyElement(node: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    document.getSelection()?.selectAllChildren(node);
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way then
    return document.execCommand('copy');
  }
}

/** Copy a text that is nowhere to be seen. Whether it worked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

function copyByHand(text: string): boolean {
  const before = document.activeElement;
  const box = document.createElement('textarea'); // which keeps the ends of lines
  box.className = 'milvus-nb milvus-nb-hidden';
  box.value = text;
  document.body.append(box);
  box.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way then
  const isCopied = document.execCommand('copy');
  box.remove();
  if (before instanceof HTMLElement) {
    before.focus({ preventScroll: true });
  }
  return isCopied;
}
