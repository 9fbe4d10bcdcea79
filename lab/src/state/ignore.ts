/** For a question whose answer is no news: that who was asked is gone is told where its state is. */
export function ignore(): void {
  // Nobody is left who could tell us more.
}
