import { Widget } from '@lumino/widgets';
import { render } from 'preact';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import type { ServerProfiles } from '../kernels/serverProfiles';
import type { Doors } from './doors';
import { milvusIcon } from './icon';
import type { Sidebar } from './Sidebar';

export const SIDEBAR_ID = 'milvus_nb-sidebar';

/** The sidebar of JupyterLab, around the view. It stays as it is while it is out of sight. */
export class SidebarWidget extends Widget {
  private view: typeof Sidebar | null = null;

  constructor(
    private readonly hub: RunningKernels,
    private readonly front: CurrentNotebook,
    private readonly profiles: ServerProfiles,
    private readonly doors: Doors,
    caption: string,
  ) {
    super();
    this.id = SIDEBAR_ID;
    this.title.icon = milvusIcon;
    this.title.caption = caption;
    this.addClass('milvus-nb');
    this.addClass('milvus-nb-sidebar');
    // JupyterLab's shortcuts would take keys from it.
    this.node.setAttribute('data-lm-suppress-shortcuts', 'true');
  }

  /** Fetch the view, which JupyterLab's start need not wait for. */
  async load(): Promise<void> {
    this.view = (await import('./Sidebar')).Sidebar;
    this.draw();
  }

  protected override onAfterShow(): void {
    this.draw();
  }

  protected override onAfterHide(): void {
    this.draw();
  }

  protected override onAfterAttach(): void {
    this.draw();
  }

  protected override onBeforeDetach(): void {
    render(null, this.node);
  }

  private draw(): void {
    const { hub, front, profiles, doors, view: View } = this;
    if (View !== null && this.isAttached) {
      const seen = this.isVisible;
      render(<View {...{ hub, front, profiles, doors, seen }} />, this.node);
    }
  }
}
