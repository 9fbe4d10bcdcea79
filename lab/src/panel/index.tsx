import { render } from 'preact';

import type { Model } from './model';
import './panel.css';
import { Session } from './session';
import { Panel } from './views/Panel';

// A factory: anywidget calls it once for each widget, so each has a session of its own.
export default () => {
  let session: Session;
  return {
    initialize({ model }: { model: Model }): () => void {
      session = new Session(model);
      return () => session.dispose();
    },
    render({ el }: { el: HTMLElement }): () => void {
      const unwatch = session.link.watch(el);
      render(<Panel session={session} />, el);
      return () => {
        unwatch();
        render(null, el);
      };
    },
  };
};
