import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { readEvtx } from '../src/telemetry/evtx/index.js'

/** Event logs below a folder, largest first. */
export function eventLogs(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.toLowerCase().endsWith('.evtx'))
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).size - statSync(a).size || (a < b ? -1 : 1))
}

/**
 * Fills `folder` with copies of the logs until they are `bytes` together. Each copy is of another host: its computer name is changed in
 * place, letter for letter, and checksums are made right, so that every record is a new one and none can be recognised as read before.
 */
export async function makeCorpus(
  logs: readonly string[],
  folder: string,
  bytes: number,
): Promise<{ readonly files: number; readonly bytes: number }> {
  mkdirSync(folder, { recursive: true })
  let files = 0
  let written = 0
  for (let copy = 0; written < bytes; copy++) {
    for (const log of logs) {
      if (written >= bytes) break
      const content = Buffer.from(readFileSync(log))
      for (const computer of await computersOf(content)) rename(content, computer, copy)
      mendChecksums(content)
      writeFileSync(join(folder, `${files++}.evtx`), content)
      written += content.length
    }
  }
  return { files, bytes: written }
}

async function computersOf(content: Buffer): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const source = {
    name: 'log',
    size: content.length,
    chunks: (async function* () {
      yield content
    })(),
  }
  for await (const items of readEvtx(source))
    for (const item of items) if (item.kind === 'record' && item.computer !== '') found.add(item.computer)
  return found
}

function rename(content: Buffer, computer: string, copy: number): void {
  const old = Buffer.from(computer, 'utf16le')
  const digits = copy.toString(36).padStart(2, '0')
  const fresh = Buffer.from(computer.length < 3 ? computer : computer.slice(0, -2) + digits, 'utf16le')
  for (let at = content.indexOf(old); at >= 0; at = content.indexOf(old, at + old.length)) fresh.copy(content, at)
}

function mendChecksums(content: Buffer): void {
  for (let chunk = 4096; chunk + 65536 <= content.length; chunk += 65536) {
    if (content.toString('latin1', chunk, chunk + 7) !== 'ElfChnk') continue
    const end = content.readUInt32LE(chunk + 48)
    if (end < 512 || end > 65536) continue
    content.writeUInt32LE(crc32(content.subarray(chunk + 512, chunk + end)), chunk + 52)
    const head = Buffer.concat([content.subarray(chunk, chunk + 120), content.subarray(chunk + 128, chunk + 512)])
    content.writeUInt32LE(crc32(head), chunk + 124)
  }
}
