// Files of the Jupyter server, which JupyterLab can show: a panel in a cell has nobody who does.

import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';

import type { Actions } from '../../state/actions';

/** What JupyterLab knows of its server's files. */
export interface ServerFiles {
  /** The server's folder, as the server tells it. */
  root: string;
  /** The kernel's notebook, below it; "" where there is none. */
  path: string;
  /** Let the user choose a file; its path below the folder, or null. */
  choose: (title: string) => Promise<string | null>;
}

export const FilesContext = createContext<ServerFiles | null>(null);

/** Chooses a file; its absolute path, as the kernel takes it, or null. */
export type ChooseFile = (title: string) => Promise<string | null>;

/** Give what chooses a file that the kernel can read, and whether there is anything to choose from. */
export function useFiles(actions: Actions): { canChoose: boolean; choose: ChooseFile } {
  const files = useContext(FilesContext);
  const { root = '', path = '' } = files ?? {};
  const asked = useRef(Promise.resolve(''));
  const [folder, setFolder] = useState('');
  useEffect(() => {
    let isWanted = true;
    asked.current = root === '' || path === '' ? Promise.resolve('') : actions.folder(root, path);
    void asked.current.then(found => isWanted && setFolder(found));
    return () => {
      isWanted = false;
    };
  }, [actions, root, path]);
  const choose = async (title: string): Promise<string | null> => {
    const below = await asked.current;
    const found = below === '' ? null : ((await files?.choose(title)) ?? null);
    return found === null ? null : `${below.replace(/[\\/]$/, '')}/${found}`;
  };
  return { canChoose: folder !== '', choose };
}
