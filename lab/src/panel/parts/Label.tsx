/** What a profile says of its connection, such as Production in red. */
export function Label({ label, color }: { label: string; color: string }) {
  return label === '' ? null : (
    <span class="milvus-nb-tag milvus-nb-data" data-color={color} title={label}>
      {label}
    </span>
  );
}
