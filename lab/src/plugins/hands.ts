// Code out of the sidebar, into a notebook: by a click, or by the mouse.

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import type { Widget } from '@lumino/widgets';

import { type CurrentNotebook, hasSession } from '../kernels/currentNotebook';
import type { Hands, Point } from '../panel/tree/hands';

/** What notebooks take between their cells; within one they take plain text. */
const CELLS = 'application/vnd.jupyter.cells';

/** What the sidebar does with code. */
export function notebookHands(notebook: CurrentNotebook, shell: JupyterFrontEnd.IShell): Hands {
  return {
    canInsert: () => isNotebook(notebook.current),
    kernel: () => notebook.context?.session?.kernel?.id ?? null,
    insert: code => {
      const target = notebook.current;
      if (isNotebook(target)) {
        insertCell(target, code(notebook.context?.session?.kernel?.id ?? null));
        shell.activateById(target.id);
      }
    },
    drag: (code, label, at, isDropped) => {
      drag(
        element => {
          const text = code(kernelAt(shell, element)).trimEnd();
          return element.closest('.jp-MarkdownCell .cm-editor')
            ? `${FENCE}python\n${text}\n${FENCE}`
            : text;
        },
        label,
        at,
        isDropped,
      );
    },
  };
}

export function isNotebook(widget: Widget | null): widget is NotebookPanel {
  const content = (widget as { content?: object } | null)?.content;
  return content !== undefined && 'activeCell' in content;
}

/** Put it behind the active cell, or into that where it is empty; no cell that says something is touched. */
export function insertCell({ content }: NotebookPanel, code: string): void {
  const { activeCell, activeCellIndex: at, model } = content;
  const source = code.trimEnd();
  if (activeCell?.model.type === 'code' && activeCell.model.sharedModel.source.trim() === '') {
    activeCell.model.sharedModel.setSource(source);
    return;
  }
  model?.sharedModel.insertCell(at + 1, { cell_type: 'code', source });
  content.activeCellIndex = at + 1;
}

/** What code stands between in a text. */
const FENCE = '```';

/** The id of the kernel of the notebook or console that an element is in; null where there is none. */
function kernelAt(shell: JupyterFrontEnd.IShell, element: Element): string | null {
  for (const widget of shell.widgets('main')) {
    if (widget.node.contains(element) && hasSession(widget)) {
      return widget.sessionContext.session?.kernel?.id ?? null;
    }
  }
  return null;
}

/** What a drag says on its way, to the document first. */
const ON_ITS_WAY = ['lm-dragenter', 'lm-dragover', 'lm-drop'];

/**
 * A text for an editor, a cell for a notebook. That would take the cell also where it was meant for
 * the text of one of its cells: so there is none to be had there.
 */
class CodeMime extends MimeData {
  private isInText = false;

  /** @param codeAt the code as it is to stand at an element of the page */
  constructor(private readonly codeAt: (element: Element) => string) {
    super();
    this.write(document.body);
    ON_ITS_WAY.forEach(type => document.addEventListener(type, this.look, true));
  }

  override hasData(mime: string): boolean {
    return super.hasData(mime) && !(mime === CELLS && this.isInText);
  }

  /** It has been dropped, or was not. */
  end(): void {
    ON_ITS_WAY.forEach(type => document.removeEventListener(type, this.look, true));
  }

  private readonly look = (event: Event): void => {
    if (event.target instanceof Element) {
      this.isInText = event.target.closest('.cm-editor') !== null;
      this.write(event.target);
    }
  };

  private write(at: Element): void {
    const source = this.codeAt(at);
    this.setData('text/plain', source);
    this.setData(CELLS, [
      { cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null },
    ]);
  }
}

function drag(
  codeAt: (element: Element) => string,
  label: string,
  { clientX, clientY }: Point,
  isDropped: boolean,
): void {
  const mimeData = new CodeMime(codeAt);
  const started = new Drag({
    mimeData,
    dragImage: image(label),
    supportedActions: 'copy',
    proposedAction: 'copy',
  });
  void started.start(clientX, clientY).finally(() => {
    mimeData.end();
    started.dispose();
  });
  if (isDropped) {
    for (const type of ['pointermove', 'pointerup']) {
      document.dispatchEvent(new PointerEvent(type, { clientX, clientY, button: 0 }));
    }
  }
}

/** What is seen beside the pointer. */
function image(label: string): HTMLElement {
  const element = document.createElement('div');
  element.className = 'milvus-nb milvus-nb-drag';
  element.textContent = label;
  return element;
}
