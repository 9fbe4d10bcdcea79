import { useUniqueId } from './hooks';

interface Props {
  label: string;
  name: string;
  value: string;
  choices: [string, string][];
  onChange?: (value: string) => void;
}

/** A labelled list to choose one of. */
export function Choice({ label, name, value, choices, onChange }: Props) {
  const id = useUniqueId();
  return (
    <div class="milvus-nb-field">
      <label class="milvus-nb-label" for={id}>
        {label}
      </label>
      <select
        id={id}
        name={name}
        class="milvus-nb-input"
        defaultValue={value}
        onChange={event => onChange?.(event.currentTarget.value)}
      >
        {choices.map(([key, text]) => (
          <option value={key} selected={key === value} key={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
