import type { ComponentChild } from 'preact';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import type { ServerProfiles } from '../kernels/serverProfiles';
import { HEADER_HEIGHT } from '../panel/parts/hooks';
import { keepFocus } from '../panel/parts/keepFocus';
import { pressOnce } from '../panel/parts/pressOnce';
import { DrawnWidget } from './drawnWidget';
import type { LabActions } from './labActions';
import { milvusIcon } from './icon';
import type { Sidebar } from './Sidebar';

export const SIDEBAR_ID = 'milvus_nb-sidebar';

/** For so many frames it is waited for the list to be drawn. */
const ENTERED_WITHIN_FRAMES = 30;

/** The sidebar of JupyterLab, around the view. */
export class SidebarWidget extends DrawnWidget {
  private view: typeof Sidebar | null = null;
  private loading: Promise<void> | null = null;

  constructor(
    private readonly kernels: RunningKernels,
    private readonly notebook: CurrentNotebook,
    private readonly profiles: ServerProfiles,
    private readonly lab: LabActions,
    caption: string,
  ) {
    super();
    this.id = SIDEBAR_ID;
    this.title.icon = milvusIcon;
    this.title.caption = caption;
    this.addClass('milvus-nb');
    this.addClass('milvus-nb-sidebar');
    this.addClass('milvus-nb-scroller');
    this.node.tabIndex = -1;
    this.disposed.connect(keepFocus(this.node));
    this.disposed.connect(pressOnce(this.node));
  }

  /** Fetch the view, when it is first shown or is soon to be: JupyterLab's start is without it. */
  load(): Promise<void> {
    this.loading ??= this.fetchView().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  private async fetchView(): Promise<void> {
    if (this.view === null) {
      this.view = (await import('./Sidebar')).Sidebar;
      this.draw();
    }
  }

  /** Whoever opens it by a command goes on in it: at a connection, else at the first button. */
  protected override onActivateRequest(): void {
    if (!this.node.contains(document.activeElement)) {
      this.node.focus({ preventScroll: true });
      void this.load().then(() => this.enter(ENTERED_WITHIN_FRAMES), unfetched);
    }
  }

  /** Move the focus on as soon as there is where to, and unless the user has moved it. */
  private enter(frames: number): void {
    if (document.activeElement !== this.node) {
      return;
    }
    const rows = this.rowsInSight();
    const row = rows.find(one => one.tabIndex === 0) ?? rows[0];
    if (row === undefined && frames > 0) {
      requestAnimationFrame(() => this.enter(frames - 1));
    } else {
      const to = row ?? this.node.querySelector<HTMLElement>('button:not(:disabled)');
      to?.focus({ preventScroll: true }); // it was scrolled there by its user
    }
  }

  /** The connections between the header and the lower end. */
  private rowsInSight(): HTMLElement[] {
    const { top, bottom } = this.node.getBoundingClientRect();
    const rows = this.node.querySelectorAll<HTMLElement>('.milvus-nb-row[tabindex]');
    return [...rows].filter(row => {
      const at = row.getBoundingClientRect();
      return row.checkVisibility() && at.top >= top + HEADER_HEIGHT && at.top < bottom;
    });
  }

  protected override content(seen: boolean): ComponentChild {
    const { kernels, notebook, profiles, lab, view: View } = this;
    if (View === null && seen) {
      void this.load().catch(unfetched);
    }
    return View === null ? null : <View {...{ kernels, notebook, profiles, lab, seen }} />;
  }
}

export function unfetched(): void {
  // The server is gone, which JupyterLab says; it is fetched when it is shown again.
}
