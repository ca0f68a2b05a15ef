import { unescapeJson } from './text.js'

/** The path of the whole value. */
export const ROOT = 0

/**
 * Numbers for the paths of members: a path is its parent's number and its key's bytes. Logs use the same few hundred keys over and over,
 * so a key becomes a string once and is a number from then on.
 */
export class PathTable {
  /** How many paths there are, the root included. */
  size = 1
  private parents = new Int32Array(1024)
  private keyStarts = new Int32Array(1024)
  private keyEnds = new Int32Array(1024)
  private keys = Buffer.alloc(16 * 1024)
  private keysLength = 0
  private slots = new Int32Array(4096)

  /** Number of the member `bytes[from, to)` (a key as written, escapes and all) of the object at `parent`. */
  child(parent: number, bytes: Uint8Array, from: number, to: number): number {
    let hash = Math.imul(parent + 1, 0x9e3779b1)
    for (let index = from; index < to; index++) hash = Math.imul(hash ^ bytes[index]!, 0x01000193)
    hash ^= hash >>> 15
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot]!
      if (id === 0) return this.insert(slot, parent, bytes, from, to)
      if (this.parents[id] === parent && this.hasKey(id, bytes, from, to)) return id
    }
  }

  /** The keys from the root to the path. */
  segments(id: number): string[] {
    const segments: string[] = []
    for (let at = id; at !== ROOT; at = this.parents[at]!) {
      segments.push(unescapeJson(this.keys, this.keyStarts[at]!, this.keyEnds[at]!))
    }
    return segments.reverse()
  }

  clear(): void {
    this.size = 1
    this.keysLength = 0
    this.slots.fill(0)
  }

  private hasKey(id: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.keyStarts[id]!
    const length = this.keyEnds[id]! - start
    if (length !== to - from) return false
    const { keys } = this
    for (let index = 0; index < length; index++) if (keys[start + index] !== bytes[from + index]) return false
    return true
  }

  private insert(slot: number, parent: number, bytes: Uint8Array, from: number, to: number): number {
    const id = this.size++
    if (id === this.parents.length) {
      this.parents = grown(this.parents)
      this.keyStarts = grown(this.keyStarts)
      this.keyEnds = grown(this.keyEnds)
    }
    const end = this.keysLength + to - from
    if (end > this.keys.length) {
      const keys = Buffer.alloc(Math.max(end, this.keys.length * 2))
      this.keys.copy(keys, 0, 0, this.keysLength)
      this.keys = keys
    }
    this.keys.set(bytes.subarray(from, to), this.keysLength)
    this.parents[id] = parent
    this.keyStarts[id] = this.keysLength
    this.keyEnds[id] = end
    this.keysLength = end
    this.slots[slot] = id
    if (this.size * 2 > this.slots.length) this.rehash()
    return id
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    for (let id = 1; id < this.size; id++) {
      let hash = Math.imul(this.parents[id]! + 1, 0x9e3779b1)
      for (let at = this.keyStarts[id]!; at < this.keyEnds[id]!; at++)
        hash = Math.imul(hash ^ this.keys[at]!, 0x01000193)
      hash ^= hash >>> 15
      let slot = hash & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = id
    }
    this.slots = slots
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
