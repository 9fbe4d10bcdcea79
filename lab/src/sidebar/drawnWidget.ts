import { Widget } from '@lumino/widgets';
import { type ComponentChild, render } from 'preact';

/** A widget of JupyterLab's whose content Preact draws. It stays as it is while it is out of sight. */
export abstract class DrawnWidget extends Widget {
  /** What is drawn, and whether it is seen; null while there is nothing yet. */
  protected abstract content(seen: boolean): ComponentChild;

  protected draw(): void {
    if (this.isAttached) {
      render(this.content(this.isVisible), this.node);
    }
  }

  protected override onAfterAttach(): void {
    this.draw();
  }

  protected override onAfterShow(): void {
    this.draw();
  }

  protected override onAfterHide(): void {
    this.draw();
  }

  protected override onBeforeDetach(): void {
    render(null, this.node);
  }
}
