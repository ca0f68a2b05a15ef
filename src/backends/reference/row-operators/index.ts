import { inPartitions } from './graph.js'
import { graphMatch } from './graph-match.js'
import { graphShortestPaths } from './graph-paths.js'
import { graphEdges, graphNodes } from './graph-tables.js'
import type { RowOperator } from './row-operator.js'
import { scan } from './scan.js'

/** Operators that see all rows at once. Engines without them run these. */
export const ROW_OPERATORS: Readonly<Record<string, RowOperator>> = {
  scan,
  'graph-match': inPartitions(graphMatch),
  'graph-shortest-paths': inPartitions(graphShortestPaths),
  'graph-nodes': inPartitions(graphNodes),
  'graph-edges': inPartitions(graphEdges),
}
