import {
  activeUsers,
  activityCounts,
  activityEngagement,
  activityMetrics,
  newActivityMetrics,
  rollingPercentile,
  sessionCount,
  slidingWindowCounts,
} from './activity.js'
import { inPartitions } from './graph.js'
import { graphMatch } from './graph-match.js'
import { graphShortestPaths } from './graph-paths.js'
import { graphEdges, graphNodes } from './graph-tables.js'
import type { RowOperator } from './row-operator.js'
import { rowsNear } from './rows-near.js'
import { scan } from './scan.js'
import { schemaMerge } from './schemas.js'
import { funnelCompletion, sequenceDetect } from './sequences.js'

/** Operators that see all rows at once. Engines without them run these. */
export const ROW_OPERATORS: Readonly<Record<string, RowOperator>> = {
  scan,
  'rows-near': rowsNear,
  'schema-merge': schemaMerge,
  'activity-counts': activityCounts,
  'activity-metrics': activityMetrics,
  'activity-engagement': activityEngagement,
  'new-activity-metrics': newActivityMetrics,
  'active-users': activeUsers,
  'sliding-window-counts': slidingWindowCounts,
  'session-count': sessionCount,
  'rolling-percentile': rollingPercentile,
  'sequence-detect': sequenceDetect,
  'funnel-completion': funnelCompletion,
  'graph-match': inPartitions(graphMatch),
  'graph-shortest-paths': inPartitions(graphShortestPaths),
  'graph-nodes': inPartitions(graphNodes),
  'graph-edges': inPartitions(graphEdges),
}
