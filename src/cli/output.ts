import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { ConfigurationError } from './failure.js'

export interface OutputOptions {
  readonly out?: string
  readonly force?: boolean
}

/** Fails early, before any work, where the output could not be written. */
export function checkOutput({ out, force }: OutputOptions): void {
  if (out !== undefined && existsSync(out) && force !== true) {
    throw new ConfigurationError(`${out} exists; --force writes over it`)
  }
}

/**
 * Writes text to `--out` or standard output. A file appears whole or not at all: it is written beside its place and then moved there.
 * A reader that goes away (`| head`) is no error.
 */
export async function writeOutput(chunks: Iterable<string>, { out, force }: OutputOptions): Promise<void> {
  if (out === undefined) {
    for (const chunk of chunks) await print(chunk)
    return
  }
  const partial = `${out}.${process.pid}.partial`
  try {
    const file = openSync(partial, 'wx')
    try {
      for (const chunk of chunks) {
        const bytes = Buffer.from(chunk, 'utf8')
        for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
      }
    } finally {
      closeSync(file)
    }
    checkOutput({ out, ...(force === undefined ? {} : { force }) })
    renameSync(partial, out)
  } catch (error) {
    rmSync(partial, { force: true })
    if (error instanceof ConfigurationError) throw error
    throw new ConfigurationError(`cannot write ${out}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function print(chunk: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code
      if (error === null || error === undefined || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') resolve()
      else reject(error)
    })
  })
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
