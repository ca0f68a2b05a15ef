import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { type EventBuilder, isNamespace } from '../event-builder.js'

/**
 * Reads the XML of one Windows event into a builder. Fields are named as the EVTX reader names them: `<Data Name="X">` is `X`, unnamed
 * data are `Data[0]`, `Data[1]`; other elements and those of `UserData` have their path, attributes `path.@name`.
 *
 * Entities are the five of XML and characters by number. There are no document types, so there is nothing to expand.
 */
export class XmlEventParser {
  private parser: SaxesParser | undefined
  private builder!: EventBuilder
  private readonly open: Element[] = []
  private data = 0
  private userData: { readonly wrapper: string; readonly path: string; readonly value: string }[] = []

  /**
   * Adds the event to `builder`, which has begun a record. Returns what is wrong with the text, or undefined. `within` is the element that
   * the text stands in, for event data without its event.
   */
  parse(text: string, builder: EventBuilder, within: readonly string[] = []): string | undefined {
    this.parser ??= this.create()
    this.builder = builder
    this.data = 0
    this.userData = []
    this.open.length = 0
    for (const name of within) this.open.push({ name, text: '', isLeaf: false, path: '' })
    try {
      this.parser.write(text).close()
      return undefined
    } catch (error) {
      this.parser = undefined
      return error instanceof Error ? error.message.replace(/^\d+:\d+: /, '').replace(/\.$/, '') : String(error)
    }
  }

  private create(): SaxesParser {
    const parser = new SaxesParser({ xmlns: false, position: false })
    parser.on('error', (error) => {
      throw error
    })
    parser.on('opentag', (tag) => this.opened(tag))
    parser.on('text', (text) => this.text(text))
    parser.on('cdata', (text) => this.text(text))
    parser.on('closetag', () => this.closed())
    return parser
  }

  private opened(tag: SaxesTagPlain): void {
    const { open } = this
    if (open.length >= DEEPEST) throw new Error(`elements are nested more than ${DEEPEST} deep`)
    const name = tag.name.slice(tag.name.indexOf(':') + 1)
    const above = open.at(-1)
    if (above !== undefined) above.isLeaf = false
    if (open.length === 0 && name !== 'Event') throw new Error(`expected an Event, found ${name}`)

    const section = open[1]?.name
    const element: Element = { name, text: '', isLeaf: true, path: '' }
    if (open.length > 2) element.path = above!.path === '' ? name : `${above!.path}.${name}`
    else if (open.length === 2) element.path = section === 'UserData' ? '' : name
    open.push(element)
    if (open.length === 3 && section === 'EventData' && name === 'Data') {
      element.path = tag.attributes.Name ?? `Data[${this.data++}]`
    }
    for (const [key, value] of Object.entries(tag.attributes)) {
      if (key === 'Name' && section === 'EventData' && open.length === 3) continue
      if (open.length === 1 || isNamespace(`@${key}`)) continue
      this.leaf(element.path === '' ? `@${key}` : `${element.path}.@${key}`, value, true)
    }
  }

  private text(text: string): void {
    const element = this.open.at(-1)
    if (element !== undefined) element.text += text
  }

  private closed(): void {
    const { open } = this
    const element = open.at(-1)!
    if (open.length > 2) {
      if (element.isLeaf || element.text.trim() !== '') this.leaf(element.path, element.text, false)
    } else if (open.length === 2) {
      if (element.text.trim() !== '') this.builder.add(element.name, element.text)
      if (element.name === 'UserData') this.addUserData()
    }
    open.pop()
  }

  private leaf(path: string, value: string, isAttribute: boolean): void {
    const section = this.open[1]!.name
    switch (section) {
      case 'System':
        if (isAttribute || value !== '') this.builder.system(path, value.trim())
        return
      case 'EventData':
        this.builder.add(isAttribute && this.open.length === 2 ? `EventData.${path}` : path, value)
        return
      case 'UserData':
        this.userData.push({ wrapper: this.open[2]?.name ?? '', path, value })
        return
      default:
        if (isAttribute || value !== '') this.builder.add(`${section}.${path}`, value)
    }
  }

  /** `UserData` holds one element that holds the data; its name says nothing unless there are several. */
  private addUserData(): void {
    const isOne = new Set(this.userData.map(({ wrapper }) => wrapper)).size === 1
    for (const { wrapper, path, value } of this.userData) {
      const below = path === '' ? wrapper : path
      this.builder.add(isOne || path === '' ? below : `${wrapper}.${path}`, value)
    }
  }
}

interface Element {
  readonly name: string
  text: string
  /** Holds no other element. */
  isLeaf: boolean
  /** Below its section: `Provider` for `Event/System/Provider`. */
  path: string
}

/** Event logs nest four or five deep. */
const DEEPEST = 64
