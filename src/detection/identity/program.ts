import type { ProgramRole } from './catalogue.js'
import type { Hit, Worth } from './hit.js'
import { splitPath } from './path-index.js'
import { type ToolIndex, withoutExtension } from './tool-index.js'

/** A program as one record shows it: name, place, version resource, signature. */
export interface Program {
  readonly path: string | undefined
  readonly name: string | undefined
  readonly original: string | undefined
  readonly internal: string | undefined
  readonly company: string | undefined
  readonly product: string | undefined
  readonly signer: string | undefined
  readonly signatureStatus: string | undefined
}

export type SignKind = 'signer' | 'company' | 'product' | 'original-file-name' | 'executable' | 'path' | 'service'

/** One thing that speaks for a tool. */
export interface Sign {
  readonly kind: SignKind
  readonly value: string
  readonly worth: Worth
  readonly role: ProgramRole | undefined
}

/** What speaks for each tool, by the tool's position in the catalogue. */
export type Signs = Map<number, Sign[]>

/** Gathers the signs of a program, and drops bare names that its own version resource, signature or place refutes. */
export function programSigns(index: ToolIndex, program: Program): Signs {
  const signs: Signs = new Map()
  const { path, name, original, internal, company, product, signer } = program
  if (signer) collect(signs, 'signer', signer, index.signers.find(signer))
  if (company)
    collect(signs, 'company', company, [
      ...index.companies.find(company),
      ...index.products.find(company).filter((hit) => !hit.whole),
    ])
  if (product) collect(signs, 'product', product, index.products.find(product))
  for (const text of [original, internal])
    if (text && /\w/.test(text))
      collect(signs, 'original-file-name', text, index.originals.find(withoutExtension(text)))
  const unix = path?.startsWith('/') === true
  if (name) collect(signs, 'executable', name, (unix ? index.unixNames : index.names).find(name))
  if (path) collect(signs, 'path', path, index.folders.find(path))
  for (const [tool, list] of signs) if (isRefuted(index, program, tool, list)) signs.delete(tool)
  return signs
}

export function collect(signs: Signs, kind: SignKind, value: string, hits: readonly Hit[]): void {
  for (const hit of hits) {
    const list = signs.get(hit.tool)
    const known = list?.find((sign) => sign.kind === kind)
    const sign: Sign = { kind, value, worth: hit.worth, role: hit.role }
    if (!list) signs.set(hit.tool, [sign])
    else if (!known) list.push(sign)
    else if (RANK[hit.worth] > RANK[known.worth]) list[list.indexOf(known)] = sign
  }
}

const RANK: Readonly<Record<Worth, number>> = { specific: 2, pointing: 1, vague: 0 }

/** Whether a name or a place does not count: the file itself speaks of something else, or it lies where Windows keeps its own. */
function isRefuted(index: ToolIndex, program: Program, tool: number, signs: readonly Sign[]): boolean {
  const { company, product, signer, original, path } = program
  const own = (sign: Sign) =>
    sign.kind === 'signer' ||
    sign.kind === 'company' ||
    sign.kind === 'product' ||
    (sign.kind === 'original-file-name' && sign.worth === 'specific' && !company)
  if (signs.some(own)) return false
  const texts = [company, product, signer].filter((text) => text !== undefined)
  const known = index.knownAs[tool] ?? []
  if (!texts.some((text) => wordsOf(text).some((word) => known.some((own) => word.startsWith(own))))) {
    if (texts.some((text) => index.otherPublishers.some((publisher) => startsWithWord(text, publisher)))) return true
    if ((company || product) && index.describedTools.has(tool)) return true
    const others = original ? index.originals.find(withoutExtension(original)) : []
    if (others.some((hit) => hit.worth === 'specific' && hit.tool !== tool)) return true
  }
  return path !== undefined && !signs.some((sign) => sign.kind === 'path') && inSystemFolder(index, path)
}

function wordsOf(text: string): string[] {
  return text
    .slice(0, 300)
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
}

function startsWithWord(text: string, word: string): boolean {
  const lower = text.toLowerCase().trim()
  return lower.startsWith(word) && !/[\p{L}\p{N}]/u.test(lower.charAt(word.length))
}

function inSystemFolder(index: ToolIndex, path: string): boolean {
  const parts = splitPath(path)
  const folder = `\\${parts.slice(0, -1).join('\\')}`
  return index.systemFolders.some((system) =>
    system.endsWith('\\*') ? folder.startsWith(system.slice(0, -2)) : folder === system,
  )
}
