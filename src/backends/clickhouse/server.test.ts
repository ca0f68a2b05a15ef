import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { connectServer } from './server.js'

interface Seen {
  readonly url: URL
  readonly body: string
}

let server: Server | undefined
afterEach(() => server?.close())

/** A server on this machine that answers as it is told. */
async function answering(answer: (seen: Seen, count: number) => { status: number; code?: number; body: string }) {
  const seen: Seen[] = []
  server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    seen.push({ url: new URL(request.url ?? '/', 'http://x'), body: Buffer.concat(chunks).toString('latin1') })
    const { status, code, body } = answer(seen[seen.length - 1]!, seen.length)
    response.writeHead(status, code === undefined ? {} : { 'X-ClickHouse-Exception-Code': String(code) })
    response.end(body)
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { seen, url: `http://reader:s3cret@127.0.0.1:${port}` }
}

const failure = (code: number, text: string) => ({
  status: 500,
  code,
  body: `Code: ${code}. DB::Exception: ${text}. (SOME_TYPE)`,
})

describe('a server', () => {
  it('answers rows', async () => {
    const { seen, url } = await answering(() => ({ status: 200, body: '["9007199254740993","a"]\n["2","b"]\n' }))
    const connection = connectServer(url)
    expect(await connection.query('SELECT 1')).toEqual([
      ['9007199254740993', 'a'],
      ['2', 'b'],
    ])
    expect(seen[0]!.body).toMatch(/^SELECT 1\s+FORMAT JSONCompactEachRow$/)
    expect(seen[0]!.url.searchParams.get('output_format_json_quote_64bit_integers')).toBe('1')
    await connection.close()
  })

  it('is sent a file again, under the same name, until it answers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
    const path = join(folder, 'part.parquet')
    writeFileSync(path, 'PAR1 bytes')
    const { seen, url } = await answering((_, count) =>
      count < 3 ? failure(242, 'table is read only') : { status: 200, body: '' },
    )
    const connection = connectServer(url)
    await connection.insertFile({
      statement: ['INSERT INTO t (a) SELECT a FROM', 'WHERE a > 0'],
      path,
      structure: 'a Int64',
      token: 'n1',
    })
    expect(seen).toHaveLength(3)
    for (const { url, body } of seen) {
      expect(url.searchParams.get('insert_deduplication_token')).toBe('n1')
      const query = url.searchParams.get('query') ?? body
      expect(query).toContain("INSERT INTO t (a) SELECT a FROM input('a Int64') WHERE a > 0 FORMAT Parquet")
      expect(body).toContain('PAR1 bytes')
    }
    await connection.close()
    rmSync(folder, { recursive: true })
  })

  it('is not asked twice for what cannot work, and its password is not told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
    const path = join(folder, 'part.parquet')
    writeFileSync(path, 'x')
    const { seen, url } = await answering(() => failure(60, 'no such table'))
    const connection = connectServer(url)
    const insert = connection.insertFile({
      statement: ['INSERT INTO t SELECT * FROM', ''],
      path,
      structure: 'a Int64',
      token: 'n',
    })
    const error = await insert.then(
      () => undefined,
      (each: Error) => each,
    )
    expect(error?.message).toMatch(/^ClickHouse at 127\.0\.0\.1:\d+: .*no such table/)
    expect(error?.message).not.toContain('s3cret')
    expect(seen).toHaveLength(1)
    await connection.close()
    rmSync(folder, { recursive: true })
  })

  it('that does not answer is named', async () => {
    const { url } = await answering(() => ({ status: 200, body: '' }))
    server!.close()
    await new Promise((resolve) => server!.once('close', resolve))
    const connection = connectServer(url, 0)
    await expect(connection.query('SELECT 1')).rejects.toThrow(/^cannot reach ClickHouse at 127\.0\.0\.1:\d+: /)
    await connection.close()
  })
})
