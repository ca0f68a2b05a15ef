/** Bytes being written in little-endian order, with places left open to be filled in later. */
export class ByteSink {
  bytes: Uint8Array
  length = 0
  private view: DataView

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  u8(value: number): void {
    this.bytes[this.room(1)] = value
  }

  u16(value: number): void {
    const at = this.room(2)
    this.view.setUint16(at, value, true)
  }

  u32(value: number): void {
    const at = this.room(4)
    this.view.setUint32(at, value, true)
  }

  u64(value: bigint): void {
    const at = this.room(8)
    this.view.setBigUint64(at, BigInt.asUintN(64, value), true)
  }

  f64(value: number): void {
    const at = this.room(8)
    this.view.setFloat64(at, value, true)
  }

  utf16(text: string): void {
    for (let index = 0; index < text.length; index++) this.u16(text.charCodeAt(index))
  }

  raw(bytes: Uint8Array): void {
    const at = this.room(bytes.length)
    this.bytes.set(bytes, at)
  }

  /** Leaves `count` zero bytes; returns where they are. */
  hole(count: number): number {
    return this.room(count)
  }

  skip(count: number): void {
    this.room(count)
  }

  setU32(at: number, value: number): void {
    this.view.setUint32(at, value, true)
  }

  getU32(at: number): number {
    return this.view.getUint32(at, true)
  }

  /** Forgets everything from `length` on. */
  cut(length: number): void {
    this.bytes.fill(0, length, this.length)
    this.length = length
  }

  private room(count: number): number {
    const at = this.length
    this.length += count
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2))
      grown.set(this.bytes)
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    return at
  }
}
