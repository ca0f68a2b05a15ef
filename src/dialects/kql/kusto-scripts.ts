/**
 * Runs the scripts of `@kusto/language-service-next`: C# compiled to JavaScript, five megabytes that put `Kusto` on the global object. The
 * build keeps what V8 made of them, which spares a fifth of the time; another version of V8 refuses that and compiles anew.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { Script } from 'node:vm'

const SCRIPTS = ['bridge.min.js', 'Kusto.Language.Bridge.min.js'] as const

export interface KustoScript {
  readonly name: string
  readonly script: Script
}

/** Runs the scripts, once a process. They come back for the build, which keeps what was compiled of them after they were used. */
export function runKustoScripts(): readonly KustoScript[] {
  const require = createRequire(import.meta.url)
  return SCRIPTS.map((name) => {
    const filename = require.resolve(`@kusto/language-service-next/${name}`)
    const cachedData = compiledBefore(name)
    // The function that Node puts around a CommonJS module.
    const source = `(function (exports, require, module, __filename, __dirname) { ${readFileSync(filename, 'utf8')}\n})`
    const script = new Script(source, { filename, ...(cachedData && { cachedData }) })
    const module = { exports: {} }
    const run = script.runInThisContext() as (this: unknown, ...args: unknown[]) => void
    run.call(module.exports, module.exports, require, module, filename, dirname(filename))
    return { name, script }
  })
}

function compiledBefore(name: string): Buffer | undefined {
  try {
    return readFileSync(new URL(`./compiled/${name}.bin`, import.meta.url))
  } catch {
    // Without a build, as in tests.
    return undefined
  }
}
