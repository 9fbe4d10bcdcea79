import type { ComponentChildren } from 'preact';

import type { CurrentNotebook } from '../kernels/currentNotebook';
import { LOAD_CODE, type MilvusKernel } from '../kernels/kernel';
import { Button } from '../panel/parts/Button';
import { FailureAlert } from '../panel/parts/FailureAlert';
import { elapsed } from '../state/clock';
import { age } from '../state/format';
import { trans } from '../state/i18n';
import type { LabActions } from './labActions';

/** It is on no index yet: what is installed is what JupyterLab's own was installed from. */
const INSTALL_CODE = '%pip install FOLDER_OR_WHEEL_OF_MILVUS_NB';

/** Seconds after which it is worth saying why there is no answer yet. */
const LONG = 1;

interface Props {
  notebook: CurrentNotebook;
  kernel: MilvusKernel | null;
  lab: LabActions;
}

/** Why there is no panel for what is in front, and what to do. */
export function NoPanel({ notebook, kernel, lab }: Props) {
  const { context } = notebook;
  if (context === null) {
    return (
      <Message what={trans.__('No notebook is open')}>
        <p>{trans.__('Open a notebook or a console. Its Milvus connections are shown here.')}</p>
      </Message>
    );
  }
  if (kernel === null) {
    if (notebook.isStarting) {
      return <Message what={trans.__('The kernel is starting…')} />;
    }
    return (
      <Message what={trans.__('No kernel')}>
        <p>{trans.__('Connections live in a kernel. Choose one for this notebook.')}</p>
        <Choose lab={lab} />
      </Message>
    );
  }
  switch (kernel.phase) {
    case 'present':
      return null;
    case 'asking':
      return <Asking kernel={kernel} />;
    case 'absent':
    case 'loading':
      return <Absent kernel={kernel} />;
    case 'missing':
      return <Missing kernel={kernel} />;
    case 'foreign':
      return (
        <Message what={trans.__('This kernel does not speak Python')}>
          <p>
            {trans.__('Its language is %1. milvus_nb works in Python kernels.', kernel.language)}
          </p>
          <Choose lab={lab} />
        </Message>
      );
    case 'restarting':
      return (
        <Message what={trans.__('The kernel is restarting…')}>
          <p>{trans.__('Its connections are closed.')}</p>
        </Message>
      );
    case 'dead':
      return (
        <Message what={trans.__('The kernel has ended')}>
          <p>{trans.__('Its connections are closed. Restart it, or choose another.')}</p>
          <Choose lab={lab} />
        </Message>
      );
  }
}

function Asking({ kernel }: { kernel: MilvusKernel }) {
  const waited = (elapsed() - kernel.since) / 1000;
  if (waited < LONG) {
    return <Message what="" />;
  }
  if (kernel.isOffline) {
    return (
      <Message what={trans.__('This page is not connected to the Jupyter server')}>
        <p>{trans.__('The kernel is asked when the connection is back.')}</p>
      </Message>
    );
  }
  return (
    <Message what={trans.__('No answer from the kernel yet')}>
      <p>
        {trans.__(
          'Asked %1 ago. It may be busy: then it answers after the running cell.',
          age(waited),
        )}
      </p>
    </Message>
  );
}

function Absent({ kernel }: { kernel: MilvusKernel }) {
  const loading = kernel.phase === 'loading';
  return (
    <Message what={trans.__('milvus_nb is not loaded in this kernel')}>
      {kernel.failure !== null && <FailureAlert failure={kernel.failure} />}
      <p>{trans.__('This button loads it. It runs, as a cell would:')}</p>
      <pre class="milvus-nb-code">
        <code>{LOAD_CODE}</code>
      </pre>
      <Button
        name={trans.__('Load milvus_nb')}
        kind="primary"
        busy={loading}
        onClick={() => void kernel.load()}
      >
        {loading ? trans.__('Loading…') : trans.__('Load')}
      </Button>
      {loading && kernel.busySince !== null && (
        <p role="status">{trans.__('It waits for the cell that is running.')}</p>
      )}
    </Message>
  );
}

function Missing({ kernel }: { kernel: MilvusKernel }) {
  return (
    <Message what={trans.__('milvus_nb is not installed for this kernel')}>
      <p>
        {trans.__(
          'Install it from where you have it for JupyterLab, in a cell of the notebook, then load it:',
        )}
      </p>
      <pre class="milvus-nb-code">
        <code>{INSTALL_CODE}</code>
      </pre>
      <Button name={trans.__('Load milvus_nb')} kind="primary" onClick={() => void kernel.load()}>
        {trans.__('Load')}
      </Button>
    </Message>
  );
}

function Choose({ lab: { chooseKernel } }: { lab: LabActions }) {
  return chooseKernel === null ? null : (
    <Button name={trans.__('Choose a kernel')} kind="primary" onClick={chooseKernel} />
  );
}

function Message({ what, children }: { what: string; children?: ComponentChildren }) {
  return (
    <div class="milvus-nb-empty" role="status">
      <p class="milvus-nb-what">{what}</p>
      {children}
    </div>
  );
}
