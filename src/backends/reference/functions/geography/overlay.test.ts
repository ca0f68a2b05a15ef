import { describe, expect, it } from 'vitest'
import { parseDynamic, type Value } from '../../../../ir/value.js'
import { bufferPolygons, readReach } from './buffer.js'
import { nearestOnPolygons, polygonArea } from './measure.js'
import { intersectLinesWithPolygons, intersectPolygons, unionOfLines, unionOfPolygons } from './overlay.js'
import { corner } from './ring.js'
import { type Polygon, polygonsHold, readLines, readPolygons, ringsCross, writePolygons } from './shape.js'
import { simplifyPolygons } from './simplify.js'
import { add, angle, cross, EARTH, normalize, type Place, scale, toPlace, toVector, type Vector } from './sphere.js'

// Laws of shapes laid over one another, over stars with random arms, anywhere on earth.
describe('overlay', () => {
  const random = generator(42)

  it('makes a union and an intersection that together have the area of both', () => {
    for (let round = 0; round < 60; round++) {
      const [one, other] = twoStars(random)
      const union = area(unionOfPolygons([...one, ...other]))
      const shared = area(intersectPolygons(one, other).polygons)
      expect(Math.abs(union + shared - area(one) - area(other)) / union).toBeLessThan(1e-8)
    }
  })

  it('holds a place exactly where the shapes say so', () => {
    for (let round = 0; round < 30; round++) {
      const [one, other, middle, size] = twoStars(random)
      const union = unionOfPolygons([...one, ...other])
      const shared = intersectPolygons(one, other).polygons
      for (let place = 0; place < 40; place++) {
        const at = corner(beside(middle, random() * 2 * Math.PI, random() * 2 * size))
        const [inOne, inOther] = [polygonsHold(one, at), polygonsHold(other, at)]
        expect(polygonsHold(union, at)).toBe(inOne || inOther)
        expect(polygonsHold(shared, at)).toBe(inOne && inOther)
      }
    }
  })

  it('gives what Kusto would read back', () => {
    for (let round = 0; round < 30; round++) {
      const [one, other] = twoStars(random)
      const union = unionOfPolygons([...one, ...other])
      const again = readPolygons(writePolygons(union))
      expect(again && Math.abs(area(again) / area(union) - 1)).toBeLessThan(1e-9)
    }
  })

  it('is at home on borders shared in whole, in part and turned about', () => {
    const grid = [0, 1, 2].flatMap((x) => [0, 1, 2].map((y) => square(x, y, 1)))
    const whole = unionOfPolygons([...grid, square(0, 0, 2), square(1, 1, 2), square(0, 0, 3)])
    expect(whole.map(({ holes }) => holes.length)).toEqual([0])
    const ring = unionOfPolygons(grid.filter((_, index) => index !== 4))
    expect(ring.map(({ holes }) => holes.length)).toEqual([1])
    expect(intersectPolygons([square(0, 0, 1)], [square(1, 1, 1)])).toMatchObject({ polygons: [], lines: [] })
    expect(intersectPolygons([square(0, 0, 2)], [square(2, 1, 2)]).lines).toHaveLength(1)
  })

  it('cuts a line where it leaves and enters', () => {
    const line = readLines(parse('{"type":"LineString","coordinates":[[-1,0.5],[9,0.5]]}'))!
    expect(intersectLinesWithPolygons(line, [square(0, 0, 1), square(2, 0, 1), square(7, 0, 1)]).lines).toHaveLength(3)
  })

  it('cuts lines where they cross', () => {
    const lines = readLines(parse('{"type":"MultiLineString","coordinates":[[[-1,0],[1,0]],[[0,-1],[0,1]]]}'))!
    expect(unionOfLines(lines)).toHaveLength(4)
  })
})

describe('buffers', () => {
  const random = generator(7)

  it('hold all within the radius, and nothing beyond radius and tolerance', () => {
    for (let round = 0; round < 12; round++) {
      const [shape, , middle, size] = twoStars(random)
      const radius = size * EARTH * (0.02 + random() * 0.3)
      const buffer = bufferPolygons(shape, readReach(radius, radius / 50)!)
      for (let place = 0; place < 60; place++) {
        const at = corner(beside(middle, random() * 2 * Math.PI, random() * 2 * size))
        const far = nearestOnPolygons(at, shape).angle * EARTH
        if (far < radius * 0.999999) expect(polygonsHold(buffer, at)).toBe(true)
        if (far > radius * 1.020001) expect(polygonsHold(buffer, at)).toBe(false)
      }
    }
  })
})

describe('simplifying', () => {
  const random = generator(11)

  it('keeps corners that were there, further apart than the tolerance, and makes proper polygons', () => {
    for (let round = 0; round < 25; round++) {
      const [shape, , , size] = twoStars(random)
      const tolerance = size * EARTH * (0.01 + random() * 0.3)
      for (const { shell } of simplifyPolygons(shape, tolerance)) {
        expect(ringsCross([shell])).toBe(false)
        for (const [index, each] of shell.corners.entries()) {
          expect(shape[0]!.shell.corners.some(({ at }) => at.every((value, axis) => value === each.at[axis]))).toBe(
            true,
          )
          for (const other of shell.corners.slice(index + 1))
            expect(angle(each.at, other.at) * EARTH).toBeGreaterThan(tolerance * 0.999999)
        }
      }
    }
  })

  it('keeps borders shared', () => {
    const bent = [0, 0.25, 0.5, 0.75].map((y, index) => `[${1 + (index % 2) * 0.0001},${y}]`)
    const left = `[[0,0],${bent.join()},[1,1],[0,1],[0,0]]`
    const right = `[[2,0],[2,1],[1,1],${[...bent].reverse().join()},[2,0]]`
    const found = simplifyPolygons(
      readPolygons(parse(`{"type":"MultiPolygon","coordinates":[[${left}],[${right}]]}`))!,
      50,
    )
    expect(found.map(({ shell }) => shell.corners.length)).toEqual([4, 4])
    expect(area(intersectPolygons([found[0]!], [found[1]!]).polygons)).toBe(0)
  })
})

const parse = (text: string): Value => parseDynamic(text)!
const area = (polygons: readonly Polygon[]): number => polygons.reduce((total, each) => total + polygonArea(each), 0)

function square(x: number, y: number, size: number): Polygon {
  const [right, top] = [x + size, y + size]
  return readPolygons(
    parse(
      `{"type":"Polygon","coordinates":[[[${x},${y}],[${right},${y}],[${right},${top}],[${x},${top}],[${x},${y}]]]}`,
    ),
  )![0]!
}

/** Two stars that may meet, around a place; some at a pole or on the antimeridian, from a few metres to a few thousand kilometres wide. */
function twoStars(random: () => number): [readonly Polygon[], readonly Polygon[], Place, number] {
  const middle: Place = [
    random() < 0.3 ? 180 : random() * 360 - 180,
    random() < 0.2 ? 90 : random() < 0.2 ? -89.9 : random() * 180 - 90,
  ]
  const size = 10 ** (random() * 5 - 5.5)
  return [star(middle, size, random), star(beside(middle, random() * 7, size * random()), size, random), middle, size]
}

function star(middle: Place, size: number, random: () => number): readonly Polygon[] {
  const count = 3 + Math.floor(random() * 12)
  const places = Array.from({ length: count }, (_, index) =>
    beside(middle, ((index + random() * 0.8) / count) * 2 * Math.PI, size * (0.2 + 0.8 * random())),
  )
  const coordinates = JSON.stringify([[...places, places[0]]])
  return readPolygons(parse(`{"type":"Polygon","coordinates":${coordinates}}`)) ?? star(middle, size, random)
}

function beside(middle: Place, direction: number, distance: number): Place {
  const at = toVector(middle)
  const east: Vector = normalize(cross(Math.abs(at[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0], at))
  const towards = add(scale(east, Math.cos(direction)), scale(cross(at, east), Math.sin(direction)))
  return toPlace(normalize(add(scale(at, Math.cos(distance)), scale(towards, Math.sin(distance)))))
}

/** Numbers from 0 to 1, the same every time. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state / 0x8000_0000
  }
}
