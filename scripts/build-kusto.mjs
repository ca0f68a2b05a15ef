// Keeps what V8 compiled of Microsoft's parser beside the code that loads it. Plain JavaScript, because V8 started with other flags, as a
// TypeScript loader starts it, compiles what the program could not use.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseWithKusto, usedScripts } from '../dist/dialects/kql/adapter.js'

// Functions are compiled when they are first called.
const QUERIES = [
  'let names = dynamic(["a.exe", "b.exe"]); T | where A has_any (names) and B =~ "x" or C !contains @"y" and D > ago(1d)',
  'T | extend A = case(B in~ ("x"), "y", tostring(C.d)), E = iff(isempty(F), 1, 2) | project-away G | order by H desc | take 1',
  'T | summarize Count = count(), make_set(A, 10), arg_max(B, *) by bin(C, 1h), D | join kind=inner (U | distinct D) on D | top 5 by Count',
  'union T, U | mv-expand A = parse_json(B) | parse C with "a" D:string "b" | lookup V on $left.A == $right.E | where F between (1 .. 2)',
]
for (const query of QUERIES) parseWithKusto(query)

const folder = new URL('../dist/dialects/kql/compiled/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const { name, script } of usedScripts()) writeFileSync(new URL(`${name}.bin`, folder), script.createCachedData())
