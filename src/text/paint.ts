/** Colour for terminals: sixteen-colour codes only, so that the reader's own theme decides how they look. */
export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
  readonly boldRed: (text: string) => string
}

/** Functions that wrap a text in a colour code, or leave it as it is where `colour` is false. */
export function createPaint(colour: boolean): Paint {
  const style =
    (open: string, close: string) =>
    (text: string): string =>
      colour && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return {
    bold: style('1', '22'),
    dim: style('2', '22'),
    red: style('31', '39'),
    yellow: style('33', '39'),
    cyan: style('36', '39'),
    boldRed: style('1;31', '22;39'),
  }
}
