import type { RefObject } from 'preact';

import { trans } from '../../state/i18n';
import { EXAMPLE_USER } from '../parts/examples';
import { Field } from '../parts/Field';
import { useUniqueId } from '../parts/hooks';
import { type Kept, keptHint, type SignIn } from './form';

const CHOICES: [SignIn, () => string][] = [
  ['none', () => trans.__('None')],
  ['password', () => trans.__('Password')],
  ['token', () => trans.__('Token')],
];

interface Props {
  value: SignIn;
  onChange: (value: SignIn) => void;
  kept: Kept | null;
  disabled: boolean;
  user: RefObject<HTMLInputElement | null>;
  password: RefObject<HTMLInputElement | null>;
  token: RefObject<HTMLInputElement | null>;
}

/**
 * How to sign in. All fields stay in the form, those not chosen hidden and disabled; the secrets
 * are read from the inputs once, when the form is sent, and are nowhere else.
 */
export function SignInFields({ value, onChange, kept, disabled, ...inputs }: Props) {
  const id = useUniqueId();
  const hint = keptHint(kept, value);
  return (
    <>
      <fieldset disabled={disabled}>
        <div
          class="milvus-nb-field milvus-nb-sign-in"
          role="radiogroup"
          aria-labelledby={`${id}-label`}
        >
          <span class="milvus-nb-label" id={`${id}-label`}>
            {trans.__('Sign in')}
          </span>
          <div class="milvus-nb-choices">
            {CHOICES.map(([choice, text]) => (
              <label class="milvus-nb-choice" key={choice}>
                <input
                  type="radio"
                  name="sign_in"
                  value={choice}
                  checked={value === choice}
                  onChange={() => onChange(choice)}
                />
                <span>{text()}</span>
              </label>
            ))}
          </div>
        </div>
      </fieldset>
      <fieldset disabled={disabled || value !== 'password'} hidden={value !== 'password'}>
        <Field
          width="half"
          label={trans.__('User')}
          name="user"
          inputRef={inputs.user}
          placeholder={EXAMPLE_USER}
        />
        <Field
          width="half"
          label={trans.__('Password')}
          name="password"
          secret
          inputRef={inputs.password}
          placeholder={hint}
        />
      </fieldset>
      <fieldset disabled={disabled || value !== 'token'} hidden={value !== 'token'}>
        <Field
          width="whole"
          label={trans.__('Token')}
          name="token"
          secret
          inputRef={inputs.token}
          placeholder={hint || trans.__('an API key, or user:password')}
        />
      </fieldset>
    </>
  );
}
