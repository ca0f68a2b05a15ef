import type { EncodingReport } from './encoding.js'
import { fault, type ReadFault } from './record.js'

/** One note a source where its text was not all valid. */
export function encodingFault({ encoding, invalid }: EncodingReport): ReadFault[] {
  if (invalid === 0) return []
  return [fault('encoding', 0, `holds bytes that are not valid ${encoding}; they were read as U+FFFD`, 0)]
}
