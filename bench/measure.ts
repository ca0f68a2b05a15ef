import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Measured {
  readonly seconds: number
  /** Megabytes of resident memory at the highest, as the system counted it; NaN where it does not say. */
  readonly peakMegabytes: number
  readonly stdout: string
  readonly code: number | null
}

/** Runs a program to its end as its users would, cold, and measures it from outside. */
export function measure(command: string, args: readonly string[], keepOutput = true): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const begin = performance.now()
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let peak = Number.NaN
    let stdout = ''
    const watch = setInterval(() => {
      const found = highWater(child.pid)
      if (found !== undefined) peak = found
    }, 20)
    child.stdout.on('data', (chunk: Buffer) => {
      if (keepOutput) stdout += chunk.toString('utf8')
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      resolve({ seconds: (performance.now() - begin) / 1000, peakMegabytes: peak, stdout, code })
    })
  })
}

function highWater(pid: number | undefined): number | undefined {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line === null ? undefined : Number(line[1]) / 1024
  } catch {
    return undefined
  }
}

/** The path of a program that is on the PATH; undefined where it is not. */
export function onPath(program: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return join(folder, program)
    } catch {
      // Not here.
    }
  }
  return undefined
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Value of `--name value`. */
export function option(args: readonly string[], name: string): string | undefined {
  const index = args.indexOf(`--${name}`)
  return index < 0 ? undefined : args[index + 1]
}
