// A panel in a saved notebook: its model went with its kernel. What was connected then is shown, and
// what to do, where the widgets of JupyterLab say "model not found", or draw what their saved state has
// of a panel: nothing.

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Panel } from '@lumino/widgets';

import { isNotebook } from './hands';

type RenderMime = NotebookPanel['content']['rendermime'];
type Renderer = ReturnType<RenderMime['createRenderer']>;

/** As in milvus_nb/page/panel.py. */
const PANEL = 'application/vnd.milvus-nb.panel+json';
const WIDGET = 'application/vnd.jupyter.widget-view+json';
const HTML = 'text/html';
/** Before the widget itself, which has -10. */
const RANK = -20;
const MISSING = 'model not found';
/** On each view of a model that was saved with the notebook, or whose kernel has ended. */
const DEAD = '.jupyter-widgets-disconnected';

export function showSavedPanels({ docRegistry }: JupyterFrontEnd): void {
  docRegistry.addWidgetExtension('Notebook', {
    createNew: widget => {
      if (isNotebook(widget)) {
        const { rendermime } = widget.content;
        const createRenderer = (): Renderer => rendererOf(rendermime);
        // Where a notebook is not trusted, widgets are not shown, but the table is.
        rendermime.addFactory({ safe: false, mimeTypes: [PANEL], createRenderer }, RANK);
      }
    },
  });
}

/**
 * The widget's own renderer, and no other around it: it gets what it needs only where its own manager
 * finds it.
 */
function rendererOf(rendermime: RenderMime): Renderer {
  if (rendermime.getFactory(WIDGET) === undefined) {
    return rendermime.createRenderer(HTML);
  }
  const renderer = rendermime.createRenderer(WIDGET);
  const render = renderer.renderModel.bind(renderer);
  renderer.renderModel = async model => {
    await render(model);
    const { node } = renderer;
    const isGone = node.textContent.includes(MISSING) || node.querySelector(DEAD) !== null;
    if (isGone && renderer instanceof Panel && model.data[HTML] !== undefined) {
      for (const view of [...renderer.widgets]) {
        view.parent = null; // disposed of, it would hide the place, and forget its model
      }
      node.textContent = '';
      const table = rendermime.createRenderer(HTML);
      renderer.addWidget(table);
      await table.renderModel(model);
    }
  };
  return renderer;
}
