import { describe, expect, it } from 'vitest'
import { answer, lowered } from './fixtures/kql-engines.js'

// Places looked up in polygons and lines, on every engine.
const TABLES = `let areas = datatable(area:string, shape:dynamic) [
  "west", dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}),
  "both", dynamic({"type":"MultiPolygon","coordinates":[[[[0.5,0],[2,0],[2,1],[0.5,1],[0.5,0]]]]}),
  "none", dynamic({"type":"Polygon","coordinates":[[[0,0],[1,1]]]}), "null", dynamic(null)];
let roads = datatable(road:string, shape:dynamic) [
  "equator", dynamic({"type":"LineString","coordinates":[[0,0],[3,0]]}), "point", dynamic({"type":"Point","coordinates":[0,0]})];
let places = datatable(place:string, x:real, y:real) [
  "a", 0.25, 0.5, "b", 0.75, 0.5, "c", 2.0001, 0.5, "far", 50, 50, "lost", real(null), 1];
`
const lookup = (plugin: string, columns: string): Promise<readonly string[]> =>
  answer(`${TABLES}places | evaluate ${plugin} | project ${columns} | sort by place asc, ${columns.split(', ')[1]} asc`)

describe('lookups of places', () => {
  it('find the polygons that hold them', async () => {
    expect(await lookup('geo_polygon_lookup(areas, shape, x, y)', 'place, area')).toEqual([
      'a | west',
      'b | both',
      'b | west',
    ])
  })

  it('take those near the polygons too where there is a radius', async () => {
    expect(await lookup('geo_polygon_lookup(areas, shape, x, y, 50)', 'place, area')).toContain('c | both')
    expect(await lookup('geo_polygon_lookup(areas, shape, x, y, radius = 5)', 'place, area')).not.toContain('c | both')
  })

  it('keep places without a polygon where that is asked for', async () => {
    expect(await lookup('geo_polygon_lookup(areas, shape, x, y, return_unmatched = true)', 'place, area')).toEqual([
      'a | west',
      'b | both',
      'b | west',
      'c | ',
      'far | ',
      'lost | ',
    ])
  })

  it('find the lines near them', async () => {
    expect(await lookup('geo_line_lookup(roads, shape, x, y, 60000, true)', 'place, road')).toEqual([
      'a | equator',
      'b | equator',
      'c | equator',
      'far | ',
      'lost | ',
    ])
  })

  it('leave the shape out unless it is asked for', async () => {
    const columns = (plugin: string): readonly string[] =>
      lowered(`${TABLES}places | evaluate ${plugin}`).body.columns.map(({ name }) => name)
    expect(columns('geo_line_lookup(roads, shape, x, y, 10)')).toEqual(['place', 'x', 'y', 'road'])
    expect(columns('geo_line_lookup(roads, shape, x, y, 10, return_lookup_key = true)')).toContain('shape')
  })

  it('refuse what they cannot do by name', () => {
    expect(() => lowered(`${TABLES}places | evaluate geo_line_lookup(roads, shape, x, y)`)).toThrow('radius')
    expect(() => lowered(`${TABLES}places | evaluate geo_line_lookup(roads, nothing, x, y, 1)`)).toThrow()
    expect(() => lowered(`${TABLES}places | evaluate geo_polygon_lookup(areas, shape, x, y, speed = 1)`)).toThrow(
      'further arguments',
    )
  })
})
