import { visible, visibleParts } from '../../../text/visible.js'

/**
 * HTML that cannot be broken out of: the template tag escapes every text put into it, in content and in quoted attributes alike,
 * and only another `Markup` goes in as it is.
 *
 *   html`<td title="${host}">${host}</td>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings.reduce((text, string, index) => text + markupOf(values[index - 1]) + string))
}

export class Markup {
  constructor(readonly text: string) {}
}

export type Content = Markup | string | number | null | undefined | readonly Content[]

/** Text from a log: cut at `limit` characters with a word on its length, invisible characters as marked code points, its direction kept to itself. */
export function data(text: string, limit = 300): Markup {
  const shown = start(text, limit)
  const parts = visibleParts(shown).map((part) =>
    'code' in part ? html`<span class="code-point">U+${part.code}</span>` : html`${part.text}`,
  )
  const rest = text.length > limit ? html`<span class="cut">… ${text.length} characters in all</span>` : null
  return html`<bdi>${parts}${rest}</bdi>`
}

/** For attributes and SVG titles, where no markup can stand. */
export const plainData = (text: string, limit = 200): string =>
  visible(text.length > limit ? `${start(text, limit)}…` : text)

// Half of a character at the cut is dropped.
const start = (text: string, limit: number): string =>
  text.length > limit ? text.slice(0, limit).replace(/[\ud800-\udbff]$/, '') : text

/** Text that is ours and constant: the style and the script. */
export const trusted = (text: string): Markup => new Markup(text)

function markupOf(content: Content): string {
  if (content === null || content === undefined) return ''
  if (content instanceof Markup) return content.text
  if (typeof content === 'string') return visible(content).replace(/[&<>"'`]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  if (typeof content === 'number') return String(content)
  return content.map(markupOf).join('')
}
