/**
 * `npm run conformance <suite> [options]`: runs a suite against material from elsewhere, which is looked for in `../shared`. Without a
 * suite it names them. Exit code 1 where a case is wrong.
 */
const SUITES: Readonly<Record<string, () => Promise<{ run: (args: string[]) => Promise<number> }>>> = {
  evtx: () => import('./evtx.js'),
  damage: () => import('./damage.js'),
  kql: () => import('./kql.js'),
  sigma: () => import('./sigma.js'),
  correlation: () => import('./correlation.js'),
}

const [name, ...args] = process.argv.slice(2)
const load = name === undefined ? undefined : SUITES[name]
if (load === undefined) {
  const names = Object.keys(SUITES).join(', ')
  console.error(name === undefined ? `suites: ${names}` : `no suite ${name}; there are ${names}`)
  process.exitCode = 3
} else process.exitCode = await (await load()).run(args)
