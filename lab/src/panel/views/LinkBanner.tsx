import { age } from '../format';
import type { LinkStatus } from '../link';

interface Props {
  status: LinkStatus;
  silence_s: number;
}

/** Says when what is shown cannot be vouched for, and how to get a true list again. */
export function LinkBanner({ status, silence_s }: Props) {
  return (
    <div class="milvus-nb-banner" role="status" hidden={status === 'live' || status === 'opening'}>
      {status === 'silent' && (
        <>
          <p class="milvus-nb-what">The kernel has not answered for {age(silence_s)}.</p>
          <p>The list is from then. It is brought up to date as soon as the kernel answers.</p>
        </>
      )}
      {status === 'restarting' && (
        <>
          <p class="milvus-nb-what">The kernel is restarting.</p>
          <p>Its connections close with it.</p>
        </>
      )}
      {(status === 'restarted' || status === 'ended') && (
        <>
          <p class="milvus-nb-what">
            {status === 'restarted' ? 'The kernel was restarted.' : 'The kernel has ended.'}
          </p>
          <p>
            Its connections are closed. Run <code>%milvus panel</code> again.
          </p>
        </>
      )}
    </div>
  );
}
