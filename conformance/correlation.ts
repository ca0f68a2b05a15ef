import { type Compared, compareRandom, RandomStore } from '../test/fixtures/compare-correlations.js'
import { compareWithRsigma } from './correlation-peer.js'

/**
 * `npm run conformance correlation [--sets N] [--documents N] [--seed N] [--rsigma PROGRAM] [--json]`: correlations over random hits, and random
 * documents over a store, against an evaluator that looks at every window from the beginning; and against rsigma, where its program is given.
 */
export async function run(args: string[]): Promise<number> {
  const option = (name: string, otherwise: number): number =>
    args.includes(name) ? Number(args[args.indexOf(name) + 1]) : otherwise
  const [sets, documents, first] = [option('--sets', 10_000), option('--documents', 40), option('--seed', 1)]
  const wrong: string[] = []
  let met = 0
  let total = 0
  const judge = (name: string, { found, expected }: Compared): void => {
    total++
    if (JSON.stringify(found) !== JSON.stringify(expected)) wrong.push(name)
    else if (found.length > 0) met++
  }
  for (let seed = first; seed < first + sets; seed++) judge(`hits, seed ${seed}`, compareRandom(seed))
  const store = await RandomStore.open(first, 400)
  try {
    for (let seed = first; seed < first + documents; seed++)
      for (const [index, compared] of (await store.compare(seed)).entries())
        judge(`documents, seed ${seed}, correlation ${index}`, compared)
  } finally {
    await store.close()
  }
  const program = args.includes('--rsigma') ? args[args.indexOf('--rsigma') + 1] : undefined
  for (let seed = first; program !== undefined && seed < first + PEER_SETS; seed++) {
    const { alike, other } = compareWithRsigma(program, seed)
    total += alike + other.length
    met += alike
    wrong.push(...other)
  }
  if (args.includes('--json')) console.log(JSON.stringify({ total, passed: total - wrong.length, met, wrong }))
  else {
    for (const name of wrong) console.log(`wrong\t${name}`)
    console.log(`${total} correlations, ${total - wrong.length} alike (${met} with matches), ${wrong.length} wrong`)
  }
  return wrong.length > 0 ? 1 : 0
}

/** Sets of 150 correlations that are held against rsigma. */
const PEER_SETS = 10
