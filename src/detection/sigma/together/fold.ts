/** Letters folded one by one, as the engine's `lower` does: JavaScript makes two characters of `İ`, and looks at a sigma's neighbours. */
export const foldText = (text: string): string =>
  (text.includes('İ') || text.includes('Σ') ? text.replaceAll('İ', 'i').replaceAll('Σ', 'σ') : text).toLowerCase()
