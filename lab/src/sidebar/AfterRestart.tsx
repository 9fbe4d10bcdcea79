import { useRef, useState } from 'preact/hooks';

import { LOAD_CODE, type MilvusKernel } from '../kernels/kernel';
import { needsSecret, type Progress, reconnect, sharesSecret } from '../kernels/reconnect';
import { Button } from '../panel/parts/Button';
import { FailureAlert } from '../panel/parts/FailureAlert';
import { Label } from '../panel/parts/Label';
import { HERE, Sentence } from '../panel/parts/Sentence';
import type { Row } from '../protocol/messages';
import { credential } from '../state/format';
import { trans } from '../state/i18n';
import { type Given, keptText } from '../state/profiles';
import type { Session } from '../state/session';

/** The name of the boxes that are ticked for what wants to be asked about. */
const CONFIRMED = 'confirmed';

const NOTHING: ReadonlyMap<string, number> = new Map();

/** After a restart: what was connected, and the way back. */
export function Lost({ kernel }: { kernel: MilvusKernel }) {
  const form = useRef<HTMLFormElement>(null);
  const [progress, setProgress] = useState<ReadonlyMap<string, Progress>>(new Map());
  // What the kernel keeps of what was typed, for as long as it is that kernel.
  const [kept, setKept] = useState<{ session: Session | null; ids: ReadonlyMap<string, number> }>({
    session: null,
    ids: new Map(),
  });
  const held = kept.session === kernel.session ? kept.ids : NOTHING;
  const running = [...progress.values()].some(found => typeof found === 'string');
  const restarting = kernel.phase === 'restarting' || kernel.phase === 'asking';

  const start = async (): Promise<void> => {
    const asked = form.current;
    if (asked === null || running || restarting) {
      return;
    }
    const confirmed = new Set(new FormData(asked).getAll(CONFIRMED).map(String));
    const meant = kernel.lost.filter(row => !row.confirm || confirmed.has(row.alias));
    const take = (): Map<string, Given> =>
      new Map<string, Given>([...held, ...takeSecrets(asked, kernel.lost, meant)]);
    const ids = await reconnect(kernel, take, confirmed, (alias, found) => {
      setProgress(before => new Map(before).set(alias, found));
    });
    setKept({ session: kernel.session, ids });
    setProgress(before => new Map([...before].filter(([, found]) => typeof found !== 'string')));
  };

  return (
    <form
      ref={form}
      class="milvus-nb-lost"
      aria-label={trans.__('Connected before the restart')}
      autocomplete="off"
      onSubmit={event => {
        event.preventDefault();
        void start();
      }}
    >
      <p class="milvus-nb-what" role="status">
        {restarting
          ? trans.__('The kernel is restarting.')
          : trans.__('The kernel was restarted. Its connections are closed.')}
      </p>
      <ul class="milvus-nb-lost-list">
        {kernel.lost.map(row => (
          <LostRow
            row={row}
            like={kernel.lost.find(one => sharesSecret(one, row)) ?? row}
            progress={progress.get(row.alias)}
            busy={running}
            kept={held.has(row.alias)}
            key={row.alias}
          />
        ))}
      </ul>
      {(kernel.phase === 'absent' || kernel.phase === 'loading') && (
        <p>
          {trans.__('Reconnect first runs:')} <code>{LOAD_CODE}</code>
        </p>
      )}
      <div class="milvus-nb-inset-buttons">
        <Button
          name={trans.__('Reconnect what was connected')}
          kind="primary"
          submit
          busy={running || restarting}
        >
          {running ? trans.__('Reconnecting…') : trans.__('Reconnect')}
        </Button>
        <Button name={trans.__('Not now')} kind="plain" onClick={() => kernel.forget()} />
      </div>
    </form>
  );
}

function secretWord({ auth }: Row): string {
  return auth === 'password' ? trans.__('Password') : trans.__('Token');
}

interface LostRowProps {
  row: Row;
  /** The first with the same user at the same server: its secret is this one's, too. */
  like: Row;
  progress: Progress | undefined;
  busy: boolean;
  /** Whether the kernel has its secret from the last try. */
  kept: boolean;
}

function LostRow({ row, like, progress, busy, kept }: LostRowProps) {
  const { alias, address } = row;
  const failure = typeof progress === 'object' ? progress : null;
  const secret =
    row.auth === 'password'
      ? trans.__('Password of %1 for %2 (%3)', row.user, alias, address)
      : trans.__('Token for %1 (%2)', alias, address);
  return (
    <li class="milvus-nb-lost-row" aria-label={trans.__('%1, closed', alias)}>
      <span class="milvus-nb-alias milvus-nb-data" title={alias}>
        {alias} <Label label={row.label} color={row.color} />
      </span>
      <span class="milvus-nb-lost-where milvus-nb-data">
        {[address, credential(row)].filter(Boolean).join(' · ')}
      </span>
      {needsSecret(row) && like !== row && (
        <span class="milvus-nb-lost-where">
          <Sentence text={trans.__('with the password typed for %1', HERE)}>
            <span class="milvus-nb-data">{like.alias}</span>
          </Sentence>
        </span>
      )}
      {needsSecret(row) && like === row && (
        <input
          type="password"
          class="milvus-nb-input"
          name={alias}
          aria-label={secret}
          placeholder={kept ? keptText() : secretWord(row)}
          autocomplete="off"
          data-1p-ignore
          data-lpignore="true"
          disabled={busy}
        />
      )}
      {row.confirm && (
        <label class="milvus-nb-check">
          <input type="checkbox" name={CONFIRMED} value={alias} disabled={busy} />
          <span>{trans.__('Yes, connect %1', alias)}</span>
        </label>
      )}
      {failure !== null && <FailureAlert failure={failure} />}
    </li>
  );
}

/**
 * What was typed, for each alias that is meant and needs it; it is taken out of the page. What is
 * typed for an alias that is not meant itself counts for those that share it.
 */
function takeSecrets(
  form: HTMLFormElement,
  lost: readonly Row[],
  meant: Row[],
): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const input of form.querySelectorAll<HTMLInputElement>('input[type=password]')) {
    const asked = lost.find(row => row.alias === input.name);
    const users = meant.filter(
      row => needsSecret(row) && asked !== undefined && (row === asked || sharesSecret(asked, row)),
    );
    if (users.length > 0 && input.value !== '') {
      users.forEach(row => secrets.set(row.alias, input.value));
      input.value = '';
    }
  }
  return secrets;
}
