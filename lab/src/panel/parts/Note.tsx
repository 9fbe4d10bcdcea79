import { trans } from '../../state/i18n';
import { WarnIcon } from './icons';

/** A warning about something that works. */
export function Note({ text }: { text: string }) {
  return (
    <p class="milvus-nb-note">
      <WarnIcon />
      <span class="milvus-nb-hidden">{trans.__('Warning:')} </span>
      <span class="milvus-nb-data">{text}</span>
    </p>
  );
}
