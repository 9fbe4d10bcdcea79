// The server's files, by JupyterLab's own dialog.

import { PageConfig, PathExt } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';

import type { ServerFiles } from '../panel/connect/files';

/** Give what shows the files of the server that a kernel's notebook is on. */
export function serverFiles(manager: IDocumentManager): (notebook: string) => ServerFiles {
  const { contents } = manager.services;
  return notebook => {
    const path = contents.localPath(notebook);
    return {
      root: PageConfig.getOption('serverRoot'),
      path,
      choose: async title => {
        // Voila lacks the package; whoever has a manager of documents has it.
        const { FileDialog } = await import('@jupyterlab/filebrowser');
        const { value } = await FileDialog.getOpenFiles({
          manager,
          title,
          defaultPath: PathExt.dirname(path),
        });
        const chosen = value?.[0];
        return chosen === undefined || chosen.type === 'directory'
          ? null
          : contents.localPath(chosen.path);
      },
    };
  };
}
