import { data, html, type Markup } from './markup.js'

/** A link only where the id is one: nothing from a rule becomes an address. */
export function technique(id: string): Markup {
  const match = /^T(\d{4})(?:\.(\d{3}))?$/.exec(id)
  if (!match) return html`<span>${data(id, 40)}</span>`
  const page = match[2] === undefined ? `T${match[1]}` : `T${match[1]}/${match[2]}`
  return html`<a href="https://attack.mitre.org/techniques/${page}/" rel="noreferrer">${id}</a>`
}
