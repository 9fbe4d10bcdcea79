import { render } from 'preact';

import './panel.css';
import { Session } from '../state/session';
import { Panel } from './Panel';
import { followScheme } from './scheme';
import { type Model, WidgetWire } from './widgetWire';

// A factory: anywidget calls it once for each widget, so each has a session of its own.
export default () => {
  let wire: WidgetWire;
  let session: Session;
  return {
    initialize({ model }: { model: Model }): () => void {
      wire = new WidgetWire(model);
      session = new Session(wire);
      return () => session.dispose();
    },
    render({ el }: { el: HTMLElement }): () => void {
      const unwatch = wire.watch(el);
      const unfollow = followScheme(el);
      render(<Panel session={session} />, el);
      return () => {
        unwatch();
        unfollow();
        render(null, el);
      };
    },
  };
};
