import type { Functions } from '../function.js'
import { GRIDS } from './grids.js'
import { MEASURES } from './measures.js'
import { SHAPES } from './shapes.js'

/**
 * Kusto's geospatial functions. Edges are geodesics on a sphere, as in S2, and bad input gives null.
 * https://learn.microsoft.com/kusto/query/geospatial-grid-systems
 */
export const GEOGRAPHY: Functions = { ...MEASURES, ...SHAPES, ...GRIDS }
