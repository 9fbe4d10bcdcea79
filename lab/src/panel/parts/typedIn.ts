/** What was typed into a box of a form; nothing where there is no such box. */
export function typedIn(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
}
