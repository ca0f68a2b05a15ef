import { crc32, deflateRawSync } from 'node:zlib'

/** A member of a zip made for a test. */
export interface ZipFixture {
  readonly name: string
  readonly content: Uint8Array
  readonly method?: number
  readonly flags?: number
  readonly crc?: number
}

/** Writes a zip; with `large` it says its sizes in the fields for more than 4 GB. */
export function makeZip(members: readonly ZipFixture[], large = false): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, method = 8, flags = 0, crc = crc32(content) } of members) {
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content)
    const isOpen = (flags & 8) !== 0
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt16LE(flags, 6)
    local.writeUInt16LE(method, 8)
    if (!isOpen) {
      local.writeUInt32LE(crc, 14)
      local.writeUInt32LE(packed.length, 18)
      local.writeUInt32LE(content.length, 22)
    }
    local.writeUInt16LE(Buffer.byteLength(name), 26)
    const descriptor = Buffer.alloc(isOpen ? 16 : 0)
    if (isOpen) {
      descriptor.writeUInt32LE(0x08074b50, 0)
      descriptor.writeUInt32LE(crc, 4)
      descriptor.writeUInt32LE(packed.length, 8)
      descriptor.writeUInt32LE(content.length, 12)
    }
    const extra = Buffer.alloc(large ? 28 : 0)
    if (large) {
      extra.writeUInt16LE(1, 0)
      extra.writeUInt16LE(24, 2)
      extra.writeBigUInt64LE(BigInt(content.length), 4)
      extra.writeBigUInt64LE(BigInt(packed.length), 12)
      extra.writeBigUInt64LE(BigInt(offset), 20)
    }
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(flags, 8)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(crc, 16)
    entry.writeUInt32LE(large ? 0xffffffff : packed.length, 20)
    entry.writeUInt32LE(large ? 0xffffffff : content.length, 24)
    entry.writeUInt16LE(Buffer.byteLength(name), 28)
    entry.writeUInt16LE(extra.length, 30)
    entry.writeUInt32LE(large ? 0xffffffff : offset, 42)
    directory.push(entry, Buffer.from(name), extra)
    const bytes = Buffer.concat([local, Buffer.from(name), packed, descriptor])
    parts.push(bytes)
    offset += bytes.length
  }
  const table = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(large ? 0xffff : members.length, 8)
  end.writeUInt16LE(large ? 0xffff : members.length, 10)
  end.writeUInt32LE(large ? 0xffffffff : table.length, 12)
  end.writeUInt32LE(large ? 0xffffffff : offset, 16)
  if (!large) return Buffer.concat([...parts, table, end])
  const record = Buffer.alloc(56)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(members.length), 24)
  record.writeBigUInt64LE(BigInt(members.length), 32)
  record.writeBigUInt64LE(BigInt(table.length), 40)
  record.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(offset + table.length), 8)
  return Buffer.concat([...parts, table, record, locator, end])
}
