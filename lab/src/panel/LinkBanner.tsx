import { age } from '../state/format';
import { trans } from '../state/i18n';
import type { LinkStatus } from '../state/link';
import { HERE, Sentence } from './parts/Sentence';

/** What opens a panel anew. */
const PANEL_CODE = '%milvus panel';

interface Props {
  status: LinkStatus;
  silence_s: number;
}

/** Says when what is shown cannot be vouched for, and how to get a true list again. */
export function LinkBanner({ status, silence_s }: Props) {
  const isQuiet = status === 'live' || status === 'resting' || status === 'opening';
  return (
    <div class="milvus-nb-banner" role="status" hidden={isQuiet}>
      {status === 'silent' && (
        <>
          <p class="milvus-nb-what">
            {trans.__('The kernel has not answered for %1.', age(silence_s))}
          </p>
          <p>
            {trans.__(
              'The list is from then. It is brought up to date as soon as the kernel answers.',
            )}
          </p>
        </>
      )}
      {status === 'offline' && (
        <>
          <p class="milvus-nb-what">
            {trans.__('This page is not connected to the Jupyter server.')}
          </p>
          <p>
            {trans.__(
              'The list is of %1 ago. It is brought up to date when the connection is back.',
              age(silence_s),
            )}
          </p>
        </>
      )}
      {status === 'restarting' && (
        <>
          <p class="milvus-nb-what">{trans.__('The kernel is restarting.')}</p>
          <p>{trans.__('Its connections close with it.')}</p>
        </>
      )}
      {(status === 'restarted' || status === 'ended') && (
        <>
          <p class="milvus-nb-what">
            {status === 'restarted'
              ? trans.__('The kernel was restarted.')
              : trans.__('The kernel has ended.')}
          </p>
          <p>
            <Sentence text={trans.__('Its connections are closed. Run %1 again.', HERE)}>
              <code>{PANEL_CODE}</code>
            </Sentence>
          </p>
        </>
      )}
    </div>
  );
}
