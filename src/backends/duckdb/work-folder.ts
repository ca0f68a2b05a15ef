import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * A new folder `<prefix>-<process>-<random>` for one run, readable by its owner alone. What earlier runs left behind when they were
 * killed is removed: a folder of ours whose process no longer lives belongs to nobody.
 */
export function claimWorkFolder(prefix: string): string {
  removeLeftovers(prefix)
  return mkdtempSync(`${prefix}-${process.pid}-`)
}

export function releaseWorkFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

function removeLeftovers(prefix: string): void {
  const parent = dirname(prefix)
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(`${basename(prefix)}-`)) continue
    const id = Number(/^(\d+)-\w{6}$/.exec(name.slice(basename(prefix).length + 1))?.[1])
    const path = join(parent, name)
    if (id > 0 && id !== process.pid && !isAlive(id) && isOwn(path)) rmSync(path, { recursive: true, force: true })
  }
}

function isOwn(path: string): boolean {
  try {
    const stat = lstatSync(path)
    return stat.isDirectory() && (process.getuid === undefined || stat.uid === process.getuid())
  } catch {
    return false
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
