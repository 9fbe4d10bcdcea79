import type { KernelSignals, Wire } from '../state/wire';

/** The parts of anywidget's model that the panel uses. JupyterLab's widget manager has the kernel. */
export interface Model {
  send(content: unknown): unknown;
  on(name: string, callback: (...args: unknown[]) => void): void;
  off(name: string, callback?: ((...args: unknown[]) => void) | null): void;
  widget_manager?: { kernel?: KernelSignals | null };
}

/** The comm of a widget. ipywidgets marks the nodes of a model whose comm is dead. */
export class WidgetWire implements Wire {
  readonly kernel: KernelSignals | null;
  private readonly nodes = new Set<Element>();
  private closed: (() => void) | null = null;

  constructor(private readonly model: Model) {
    this.kernel = model.widget_manager?.kernel ?? null;
  }

  send(content: unknown): void {
    // Some front ends answer with a promise; that it was kept shows in an answer of the kernel.
    Promise.resolve(this.model.send(content)).catch(() => {});
  }

  listen(callback: (content: unknown) => void): () => void {
    this.model.on('msg:custom', callback);
    return () => this.model.off('msg:custom', callback);
  }

  onClosed(callback: () => void): () => void {
    this.closed = callback;
    this.model.on('comm_live_update', this.onCommChange);
    return () => {
      this.closed = null;
      this.model.off('comm_live_update', this.onCommChange);
    };
  }

  /** Watch the comm by a view's node. */
  watch(node: Element): () => void {
    this.nodes.add(node);
    this.check();
    return () => this.nodes.delete(node);
  }

  private readonly onCommChange = (): void => {
    // The event does not say which way it went, and the mark on the nodes may come after it.
    queueMicrotask(() => this.check());
  };

  private check(): void {
    for (const node of this.nodes) {
      if (node.closest('.jupyter-widgets-disconnected') !== null) {
        this.closed?.();
      }
    }
  }
}
