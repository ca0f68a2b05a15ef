/**
 * A writer of Thrift's compact protocol, as far as Parquet's footer and page headers need it.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
export class ThriftWriter {
  private readonly out: number[] = []
  private lastField = 0
  private readonly fieldStack: number[] = []

  i32(field: number, value: number): this {
    this.header(field, 5)
    this.varint(zigzag(value))
    return this
  }

  i64(field: number, value: number): this {
    this.header(field, 6)
    this.varint(zigzag(value))
    return this
  }

  text(field: number, value: string): this {
    this.header(field, 8)
    this.bytes(value)
    return this
  }

  struct(field: number, write: (writer: this) => void): this {
    this.header(field, 12)
    this.body(write)
    return this
  }

  structs<T>(field: number, items: readonly T[], write: (writer: this, item: T) => void): this {
    this.list(field, items.length, 12)
    for (const item of items) this.body((writer) => write(writer, item))
    return this
  }

  i32s(field: number, items: readonly number[]): this {
    this.list(field, items.length, 5)
    for (const item of items) this.varint(zigzag(item))
    return this
  }

  texts(field: number, items: readonly string[]): this {
    this.list(field, items.length, 8)
    for (const item of items) this.bytes(item)
    return this
  }

  /** Ends the outermost struct and gives its bytes. */
  finish(): Uint8Array {
    this.out.push(0)
    return Uint8Array.from(this.out)
  }

  private body(write: (writer: this) => void): void {
    this.fieldStack.push(this.lastField)
    this.lastField = 0
    write(this)
    this.out.push(0)
    this.lastField = this.fieldStack.pop() ?? 0
  }

  private list(field: number, length: number, type: number): void {
    this.header(field, 9)
    if (length < 15) this.out.push((length << 4) | type)
    else {
      this.out.push(0xf0 | type)
      this.varint(length)
    }
  }

  private header(field: number, type: number): void {
    const delta = field - this.lastField
    if (delta > 0 && delta < 16) this.out.push((delta << 4) | type)
    else {
      this.out.push(type)
      this.varint(zigzag(field))
    }
    this.lastField = field
  }

  private bytes(text: string): void {
    const encoded = new TextEncoder().encode(text)
    this.varint(encoded.length)
    for (const byte of encoded) this.out.push(byte)
  }

  private varint(value: number): void {
    while (value >= 128) {
      this.out.push((value % 128) | 128)
      value = Math.floor(value / 128)
    }
    this.out.push(value)
  }
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)
