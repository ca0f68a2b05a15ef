/**
 * `npm run bench [name] [options]`: the figures that the project claims, each beside what it is compared with, in one run on the same
 * input. Without a name all of them run.
 */
const BENCHES: Readonly<Record<string, () => Promise<{ run: (args: readonly string[]) => Promise<void> }>>> = {
  evtx: () => import('./evtx.js'),
  query: () => import('./query.js'),
  sigma: () => import('./sigma/index.js'),
  start: () => import('./start.js'),
  fleet: () => import('./fleet.js'),
  quality: () => import('./quality.js'),
}

const [name, ...args] = process.argv.slice(2)
const names = name === undefined || name.startsWith('--') ? Object.keys(BENCHES) : [name]
for (const bench of names) {
  const load = BENCHES[bench]
  if (load === undefined) {
    console.error(`no bench ${bench}; there are ${Object.keys(BENCHES).join(', ')}`)
    process.exit(3)
  }
  await (await load()).run(bench === name ? args : process.argv.slice(2))
}
