import type { Dynamic } from '../../../ir/value.js'

/** XML as JSON the way Json.NET writes it, which `parse_xml` documents: `@attribute`, `#text`, repeated elements as arrays. */
export function parseXml(source: string): Dynamic {
  const root: Element = { name: '', attributes: [], children: [], text: '' }
  const stack = [root]
  const tokens = source.matchAll(
    /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<\/([^\s>]+)\s*>|<([^\s/>]+)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/g,
  )
  let consumed = 0
  for (const found of tokens) {
    if (found.index !== consumed) return null
    consumed += found[0].length
    const [, cdata, close, open, attributes, empty, text] = found
    const top = stack[stack.length - 1]!
    if (text !== undefined) top.text += decode(text)
    else if (cdata !== undefined) top.text += cdata
    else if (close !== undefined) {
      if (stack.length < 2 || top.name !== close) return null
      stack.pop()
    } else if (open !== undefined) {
      if (stack.length > 200) return null
      const element: Element = { name: open, attributes: readAttributes(attributes ?? ''), children: [], text: '' }
      top.children.push(element)
      if (!empty) stack.push(element)
    }
  }
  const [only] = root.children
  if (
    consumed !== source.length ||
    stack.length !== 1 ||
    root.children.length !== 1 ||
    !only ||
    root.text.trim() !== ''
  )
    return null
  return new Map([[only.name, toDynamic(only)]])
}

interface Element {
  readonly name: string
  readonly attributes: readonly [string, string][]
  readonly children: Element[]
  text: string
}

const readAttributes = (source: string): [string, string][] =>
  [...source.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, name, double, single]) => [
    name!,
    decode(double ?? single ?? ''),
  ])

function toDynamic(element: Element): Dynamic {
  const text = element.text.trim() === '' ? '' : element.text
  if (element.attributes.length === 0 && element.children.length === 0) return text === '' ? null : text
  const bag = new Map<string, Dynamic>()
  for (const [name, value] of element.attributes) bag.set(`@${name}`, value)
  const groups = new Map<string, Dynamic[]>()
  for (const child of element.children) groups.set(child.name, [...(groups.get(child.name) ?? []), toDynamic(child)])
  for (const [name, values] of groups) bag.set(name, values.length === 1 ? values[0]! : values)
  if (text !== '') bag.set('#text', text)
  return bag
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const decode = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g, (all, decimal?: string, hex?: string, name?: string) => {
    if (name) return ENTITIES[name] ?? all
    const point = decimal ? Number(decimal) : Number.parseInt(hex!, 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : all
  })
