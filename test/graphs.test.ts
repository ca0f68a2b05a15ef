import { describe, expect, it } from 'vitest'
import { runReference } from '../src/backends/reference/index.js'
import { answer, lowered } from './fixtures/kql-engines.js'

// Graphs on every engine. Logons between machines: who can reach what.
const LOGONS = `let Logons = datatable(src:string, dst:string, user:string) [
  "ws1", "ws2", "ann", "ws2", "srv1", "bob", "ws1", "srv1", "ann", "srv1", "dc1", "adm", "dc1", "srv1", "adm", "ws3", "ws3", "eve"];
let Machines = datatable(name:string, tier:long) ["ws1", 2, "ws2", 2, "srv1", 1, "dc1", 0, "idle", 9];
`
const GRAPH = `${LOGONS}Logons | make-graph src --> dst with Machines on name\n`

describe('graph-match', () => {
  it('finds each place of a pattern, whichever way its edges are written', async () => {
    const found = ['ws1 | srv1 | dc1', 'ws2 | srv1 | dc1']
    const project = 'where c.tier == 0 and a.tier == 2 project x = a.name, y = b.name, z = c.name'
    expect(await answer(`${GRAPH}| graph-match (a)-->(b)-->(c) ${project}`)).toEqual(found)
    expect(await answer(`${GRAPH}| graph-match (c)<--(b)<--(a) ${project}`)).toEqual(found)
    expect(await answer(`${GRAPH}| graph-match (b)-->(c), (a)-->(b) ${project}`)).toEqual(found)
  })

  it('follows edges of variable length, with what lies between', async () => {
    const query = `${GRAPH}| graph-match (a)-[e*1..3]->(b) where a.name == "ws1" and b.name == "dc1"
      project users = strcat_array(map(e, user), ","), over = strcat_array(map(inner_nodes(e), strcat(name, node_degree_in())), ",")`
    expect(await answer(query)).toEqual(['ann,adm | srv13', 'ann,bob,adm | ws21,srv13'])
  })

  it('asks all and any of the steps', async () => {
    const start = `${GRAPH}| graph-match (a)-[e*1..3]->(b) where a.name == "ws1" and b.name == "dc1"`
    expect(await answer(`${start} and all(inner_nodes(e), tier < 2) project n = array_length(map(e, user))`)).toEqual([
      '2',
    ])
    expect(await answer(`${start} and any(e, user == "bob") project n = array_length(map(e, user))`)).toEqual(['3'])
    expect(await answer(`${start} and not(any(e, user == a.name)) project n = array_length(e.user)`)).toEqual([
      '2',
      '3',
    ])
  })

  it('takes no edge twice, no node twice, or anything, as cycles says', async () => {
    const count = (cycles: string): string =>
      `${GRAPH}| graph-match ${cycles} (a)-[e*1..4]->(b) where a.name == "srv1" project b.name | summarize count() by b_name`
    expect(await answer(count('cycles=none'))).toEqual(['dc1 | 1'])
    expect(await answer(count(''))).toEqual(['dc1 | 1', 'srv1 | 1'])
    expect(await answer(count('cycles=all'))).toEqual(['dc1 | 2', 'srv1 | 2'])
  })

  it('knows nodes that only edges name, and nodes without edges', async () => {
    expect(await answer(`${GRAPH}| graph-match (a)-[e]->(a) project id = node_id(a), a.name, a.tier`)).toEqual([
      'ws3 | ws3 | ',
    ])
    expect(
      await answer(`${GRAPH}| graph-match (a) where node_degree_in(a) + node_degree_out(a) == 0 project a.name`),
    ).toEqual(['idle'])
  })

  it('takes values from other tables into its conditions', async () => {
    const watched = 'let Watched = datatable(who:string) ["bob", "eve"];\n'
    const query = `${watched}${GRAPH}| graph-match (a)-[e]->(b) where e.user in (Watched) and a.tier <= toscalar(Machines | summarize max(tier)) project a.name, e.user`
    expect(await answer(query)).toEqual(['ws2 | bob'])
  })

  it('runs on each part of a graph alone', async () => {
    const query = `datatable(t:string, a:string, b:string) ["x","1","2", "y","2","3", "x","2","3"]
      | make-graph a --> b with_node_id=id partitioned-by t (graph-match (p)-[e*1..2]->(q) project p.id, q.id, tags = map(e, t))`
    expect(await answer(query)).toEqual(['1 | 2 | ["x"]', '1 | 3 | ["x","x"]', '2 | 3 | ["x"]', '2 | 3 | ["y"]'])
  })

  it('refuses a graph with more paths than can be walked, and does not hang', async () => {
    const dense = `range a from 1 to 40 step 1 | extend k = 1 | join kind=inner (range b from 1 to 40 step 1 | extend k = 1) on k
      | make-graph a --> b | graph-match (x)-[e*8..8]->(y) project n = 1 | count`
    expect(() => runReference(lowered(dense), () => [])).toThrow('more than 2,000,000 steps')
    const chain =
      'range a from 1 to 3000 step 1 | extend b = a + 1 | make-graph a --> b | graph-match (x)-[e*2500..2600]->(y) project n = 1'
    await expect(answer(chain)).rejects.toThrow('more than 1,000 edges')
  })

  it('says what it cannot do', () => {
    const refused =
      (rest: string): (() => unknown) =>
      () =>
        lowered(`${GRAPH}${rest}`)
    expect(refused('')).toThrow('a graph where rows are expected')
    expect(refused('| take 1')).toThrow('an operator on rows after a graph')
    expect(refused('| graph-match (a)-->(b), (c)-->(d) project a.name')).toThrow('share no node')
    expect(refused('| graph-match (a)-[e*1..2]->(b) project e.nothing')).toThrow('nothing')
    expect(() => lowered('print x = 1 | graph-match (a) project a.x')).toThrow('without a graph')
  })
})

describe('graph-shortest-paths', () => {
  it('gives one, or all, of the shortest between each two nodes', async () => {
    const edges =
      'datatable(a:string, b:string) ["s","1", "s","2", "1","t", "2","t", "s","3", "3","4", "4","t"] | make-graph a --> b with_node_id=id'
    const paths = (output: string): string =>
      `${edges} | graph-shortest-paths ${output} (p)-[e*1..5]->(q) where p.id == "s" and q.id == "t" project via = strcat_array(map(inner_nodes(e), id), ",")`
    expect(await answer(paths('output=all'))).toEqual(['1', '2'])
    expect(await answer(`${paths('')} | count`)).toEqual(['1'])
  })

  it('finds by breadth what a search through all paths finds', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const edges = Array.from({ length: 14 }, (_, index) => {
        const roll = (seed * 7919 + index * 104729) ^ (index * seed * 31)
        return `"${Math.abs(roll) % 7}","${Math.abs(roll >> 5) % 7}","${index % 3 ? 'a' : 'b'}"`
      })
      const graph = `datatable(a:string, b:string, k:string) [${edges.join(', ')}] | make-graph a --> b with_node_id=id`
      for (const arrow of ['-[e*1..4]->(q)', '<-[e*1..4]-(q)', '-[e*2..4]->(q)']) {
        const where = 'where all(e, k == "a" or k == "b") and all(inner_nodes(e), id != "3")'
        const project = 'project p.id, q.id, n = array_length(map(e, k))'
        const breadth = await answer(`${graph} | graph-shortest-paths (p)${arrow} ${where} ${project}`)
        const through = await answer(
          `${graph} | graph-match (p)${arrow} ${where} ${project} | summarize n = min(n) by p_id, q_id`,
        )
        expect(breadth, graph).toEqual(through)
      }
    }
  })
})

describe('graph-mark-components, graph-where-*, graph-to-table', () => {
  it('number what hangs together, weakly or strongly', async () => {
    const parts = (how: string): string =>
      `${GRAPH}| graph-mark-components ${how} | graph-to-table nodes | summarize names = strcat_array(array_sort_asc(make_set(name)), ",") by ComponentId | project names`
    expect(await answer(parts(''))).toEqual(['dc1,srv1,ws1,ws2', 'idle', 'ws3'])
    expect(await answer(parts('kind=strong'))).toEqual(['dc1,srv1', 'idle', 'ws1', 'ws2', 'ws3'])
  })

  it('leave nodes and edges out', async () => {
    expect(await answer(`${GRAPH}| graph-where-nodes tier < 2 | graph-to-table edges | project src, dst`)).toEqual([
      'dc1 | srv1',
      'srv1 | dc1',
    ])
    expect(
      await answer(
        `${GRAPH}| graph-where-edges user == "eve" | graph-to-table edges with_source_id=s with_target_id=t | project src, same = s == hash(src) and t == hash(dst)`,
      ),
    ).toEqual(['ws3 | True'])
  })
})
