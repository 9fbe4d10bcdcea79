import { Actions } from './actions';
import { Link } from './link';
import type { Model } from './model';
import { Store } from './store';

/** What all views of one widget share: one comm, one store, one set of actions. */
export class Session {
  readonly store = new Store();
  readonly link: Link;
  readonly actions: Actions;

  constructor(model: Model) {
    this.link = new Link(model, {
      hello: hello => this.store.hello(hello),
      refused: failure => this.store.setRefusal(failure),
      event: event => this.store.event(event),
      status: status => this.store.setLink(status),
    });
    this.actions = new Actions(this.link, this.store);
    this.link.probe();
  }

  dispose(): void {
    this.link.dispose();
  }
}
