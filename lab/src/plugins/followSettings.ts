import type { CurrentNotebook } from '../kernels/currentNotebook';
import type { RunningKernels } from '../kernels/runningKernels';
import type { MilvusKernel } from '../kernels/kernel';
import type { Settings } from './settings';

/** Have the kernels do what the settings say. */
export function followSettings(
  settings: Settings,
  kernels: RunningKernels,
  notebook: CurrentNotebook,
): void {
  const setPace = ({ session }: MilvusKernel): void => {
    if (settings.heartbeat !== null) {
      session?.actions.pace(settings.heartbeat);
    }
  };
  const load = (): void => {
    const { kernel } = notebook;
    // Once for each process: not again after a failure, or what the user has unloaded.
    if (settings.autoload && kernel?.phase === 'absent' && !kernel.failure && !kernel.unloaded) {
      void kernel.load();
    }
  };
  settings.changed.connect(() => {
    kernels.all().forEach(setPace);
    load();
  });
  kernels.phaseChanged.connect((_, kernel) => {
    if (kernel.phase === 'present') {
      setPace(kernel);
    }
    load();
  });
  notebook.changed.connect(load);
}
