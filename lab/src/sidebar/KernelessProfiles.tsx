import { useEffect, useMemo, useRef } from 'preact/hooks';

import type { MilvusKernel } from '../kernels/kernel';
import { notLoaded } from '../kernels/reconnect';
import type { ServerProfiles } from '../kernels/serverProfiles';
import { useChanges, useFocus } from '../panel/parts/hooks';
import { FailureAlert } from '../panel/parts/FailureAlert';
import { ProfileList } from '../panel/profiles/ProfileList';
import type { Profile } from '../protocol/messages';
import { RequestError } from '../state/failures';
import { trans } from '../state/i18n';
import type { Given, ProfileActions } from '../state/profiles';

interface Props {
  profiles: ServerProfiles;
  /** A kernel in which milvus_nb is not loaded, or none. */
  kernel: MilvusKernel | null;
  /** The notebook's. */
  path: string;
  seen: boolean;
}

const NONE: ReadonlySet<string> = new Set();

/** The profiles as the Jupyter server has them, where no kernel tells of its own. */
export function KernelessProfiles({ profiles, kernel, path, seen }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const focus = useFocus(root);
  useChanges(profiles, seen);
  useEffect(() => (seen ? profiles.watch(path) : undefined), [profiles, path, seen]);

  const loads = kernel?.phase === 'absent' || kernel?.phase === 'loading';
  const actions = useMemo<ProfileActions>(
    () => ({
      connect: loads ? (one, secret) => loadFirst(kernel, one, secret) : null,
      keepsSecrets: false,
      test: (profile, secret) => profiles.test(profile, secret),
      save: wanted => profiles.save(wanted),
      remove: name => profiles.remove(name),
    }),
    [profiles, kernel, loads],
  );
  return (
    <div ref={root} class="milvus-nb-kernelless">
      {profiles.problem !== null && (
        <section aria-label={trans.__('Profiles')}>
          <h2 class="milvus-nb-title">{trans.__('Profiles')}</h2>
          <FailureAlert failure={profiles.problem} />
        </section>
      )}
      {profiles.found !== null && (
        <ProfileList found={profiles.found} connected={NONE} actions={actions} focus={focus} />
      )}
    </div>
  );
}

/** Load milvus_nb in the kernel, as its button would, and connect there. */
async function loadFirst(kernel: MilvusKernel, profile: Profile, secret: Given): Promise<void> {
  const loaded = await kernel.load();
  if (!loaded || kernel.session === null) {
    throw new RequestError(kernel.failure ?? notLoaded());
  }
  await kernel.session.actions.connect(profile, secret);
}
