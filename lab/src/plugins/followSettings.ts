import type { Front } from '../kernels/front';
import type { KernelHub } from '../kernels/hub';
import type { MilvusKernel } from '../kernels/kernel';
import type { Settings } from './settings';

/** Have the kernels do what the settings say. */
export function followSettings(settings: Settings, hub: KernelHub, front: Front): void {
  const setPace = ({ session }: MilvusKernel): void => {
    if (settings.heartbeat !== null) {
      session?.actions.pace(settings.heartbeat);
    }
  };
  const load = (): void => {
    const { kernel } = front;
    // Once for each process: not again after a failure, or what the user has unloaded.
    if (settings.autoload && kernel?.phase === 'absent' && !kernel.failure && !kernel.unloaded) {
      void kernel.load();
    }
  };
  settings.changed.connect(() => {
    hub.all().forEach(setPace);
    load();
  });
  hub.phaseChanged.connect((_, kernel) => {
    if (kernel.phase === 'present') {
      setPace(kernel);
    }
    load();
  });
  front.changed.connect(load);
}
