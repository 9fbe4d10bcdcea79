import { Notification } from '@jupyterlab/apputils';

import type { RunningKernels } from '../kernels/runningKernels';
import { trans } from '../state/i18n';
import { type Loss, Losses } from '../state/losses';
import type { Settings } from './settings';

/** What comes within so many ms is told at once; what is back by then is not told. */
const TOGETHER_MS = 500;

/**
 * A notification goes so many ms later: one that is changed and dismissed in the same moment comes
 * back in JupyterLab, and stays.
 */
const SETTLES_MS = 100;

/** JupyterLab shows so many characters of a notification; so many of a name are worth it. */
const SHOWN = 140;
const LONG_NAME = 24;

interface Told {
  /** JupyterLab's; empty where it was not shown. */
  id: string;
  text: string;
}

/** Tell where a connection is lost that an open notebook uses, until it is back. */
export function notifyOfLosses(
  kernels: RunningKernels,
  settings: Settings,
  show: (kernelId: string, alias: string) => void,
): void {
  const losses = new Losses();
  const told = new Map<string, Told>();
  let lost = new Map<string, Loss>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (): void => {
    timer = undefined;
    for (const [key, loss] of lost) {
      const before = told.get(key);
      const text = textOf(loss);
      if (before === undefined) {
        const id = settings.notifications ? emit(text, loss, show) : '';
        told.set(key, { id, text });
      } else if (before.id !== '' && before.text !== text) {
        before.text = text;
        // Not again where somebody has dismissed it.
        Notification.update({ id: before.id, message: text, ...options(loss, show) });
      }
    }
  };
  const follow = (): void => {
    lost = losses.look(kernels.all());
    for (const [key, { id }] of told) {
      if (!lost.has(key)) {
        told.delete(key);
        dismiss(id);
      }
    }
    if (lost.size > 0) {
      timer ??= setTimeout(tell, TOGETHER_MS);
    }
  };
  const obey = (): void => {
    if (!settings.notifications) {
      for (const one of told.values()) {
        dismiss(one.id);
        one.id = '';
      }
    }
  };
  kernels.changed.connect(follow);
  settings.changed.connect(obey);
}

function emit(text: string, loss: Loss, show: (kernelId: string, alias: string) => void): string {
  return Notification.warning(text, options(loss, show));
}

function options(
  { kernelId, alias, retries }: Loss,
  show: (kernelId: string, alias: string) => void,
): Notification.IOptions<null> {
  return {
    autoClose: false,
    actions: [
      {
        label: trans.__('Retry'),
        caption: trans.__('Try to reach it now.'),
        callback: event => {
          event.preventDefault(); // it goes by itself when the connection is back
          retries.forEach(retry => retry());
        },
      },
      {
        label: trans.__('Show'),
        caption: trans.__('Show it in the list of connections.'),
        displayType: 'accent',
        callback: () => show(kernelId, alias),
      },
    ],
  };
}

/** What is lost, why, and what to do if there is room for it. */
function textOf({ names, reason, fix, several }: Loss): string {
  if (several) {
    const [one = '', two = ''] = names.map(short);
    return trans.__('The connections to several servers are lost, %1 and %2 among them.', one, two);
  }
  const what = trans._n(
    'The connection %2 is lost.',
    'The connections %2 are lost.',
    names.length,
    together(names),
  );
  const told = `${what}\n${reason}`;
  const more = `${told} ${fix}`;
  return more.length > SHOWN ? told : more;
}

function together(names: string[]): string {
  const [first = '', second = ''] = names.map(short);
  if (names.length < 2) {
    return first;
  }
  return names.length === 2
    ? trans.__('%1 and %2', first, second)
    : trans.__('%1, %2 and %3 more', first, second, names.length - 2);
}

function short(name: string): string {
  return name.length > LONG_NAME ? `${name.slice(0, LONG_NAME - 1)}…` : name;
}

function dismiss(id: string): void {
  if (id !== '') {
    setTimeout(() => Notification.dismiss(id), SETTLES_MS);
  }
}
