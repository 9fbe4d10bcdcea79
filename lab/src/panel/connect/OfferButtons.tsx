import type { Offer } from '../../protocol/messages';
import { trans } from '../../state/i18n';
import { Button } from '../parts/Button';
import { offerText } from './offers';

interface Props {
  offers: Offer[];
  alias: string;
  onTake: (offer: Offer) => void;
}

/** What can be done about a failure, a button each. */
export function OfferButtons({ offers, alias, onTake }: Props) {
  return offers.length === 0 ? null : (
    <div class="milvus-nb-offers" role="group" aria-label={trans.__('What can be done')}>
      {offers.map(offer => {
        const text = offerText(offer, alias);
        return (
          <Button name={text} kind="plain" key={text} onClick={() => onTake(offer)}>
            <span class="milvus-nb-data">{text}</span>
          </Button>
        );
      })}
    </div>
  );
}
