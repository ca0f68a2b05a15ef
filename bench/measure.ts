import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Measured {
  readonly seconds: number
  /** Megabytes of resident memory at the highest, as the system counted it; NaN where it does not say. */
  readonly peakMegabytes: number
  /** Of all its processors, its children's too. */
  readonly processorSeconds: number
  readonly stdout: string
  readonly code: number | null
}

/** Runs a program to its end as its users would, cold, and measures it from outside. */
export function measure(command: string, args: readonly string[], keepOutput = true): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const begin = performance.now()
    // A shell tells what its children took of the processors, which nothing else does from outside.
    const child = spawn('sh', ['-c', '"$@"; code=$?; times >&3; exit $code', 'sh', command, ...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    })
    let peak = Number.NaN
    let stdout = ''
    let times = ''
    const watch = setInterval(() => {
      const found = highWater(child.pid)
      if (found > 0 && !(found < peak)) peak = found
    }, 20)
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      times += chunk.toString('utf8')
    })
    child.stdio[1]?.on('data', (chunk: Buffer) => {
      if (keepOutput) stdout += chunk.toString('utf8')
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      const seconds = (performance.now() - begin) / 1000
      resolve({ seconds, peakMegabytes: peak, processorSeconds: secondsOf(times), stdout, code })
    })
  })
}

/** The second line of `times`: `0m12.340s 0m1.200s` of the user's and the system's. */
function secondsOf(times: string): number {
  const found = [...(times.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  return found.length === 0
    ? Number.NaN
    : found.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0)
}

/** Megabytes that the children of a process, and theirs, held at the most; the shell itself aside. */
function highWater(pid: number | undefined): number {
  let sum = 0
  for (const child of childrenOf(pid)) {
    try {
      const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))
      sum += line === null ? 0 : Number(line[1]) / 1024
    } catch {
      // It has ended.
    }
    sum += highWater(child)
  }
  return sum
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return []
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
