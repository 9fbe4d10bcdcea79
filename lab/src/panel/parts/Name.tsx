import type { ComponentChildren } from 'preact';

import { Label } from './Label';

interface Props {
  name: string;
  label: string;
  color: string;
  /** The tooltip. */
  title: string;
  onPress?: ((event: PointerEvent) => void) | null;
  /** What is said beside it, what matters most first: the last gives way first. */
  children?: ComponentChildren;
}

/** The name in a line. It gives way last; what has no room beside it is told to screen readers alone. */
export function Name({ name, label, color, title, onPress, children }: Props) {
  return (
    <div class="milvus-nb-name" title={title} onPointerDown={onPress ?? undefined}>
      <span class="milvus-nb-who">
        <span class="milvus-nb-alias milvus-nb-data">{name}</span>
        <Label label={label} color={color} />
      </span>
      {children}
    </div>
  );
}
