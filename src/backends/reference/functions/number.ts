import { floorDivide } from '../../../ir/time.js'
import type { Value } from '../../../ir/value.js'
import { compareValues } from '../compare.js'
import { type Functions, strict } from './function.js'

const long = (value: bigint): bigint => BigInt.asIntN(64, value)
const real = (value: Value): number => Number(value)

/** A function of real numbers. What is no number in the real sense is null where the mathematics says so, else NaN. */
const ofReals = (compute: (...args: number[]) => number) => strict((args) => compute(...args.map(real)))

function mod(left: bigint, right: bigint): bigint | null {
  if (right === 0n) return null
  const size = right < 0n ? -right : right
  return ((left % size) + size) % size
}

/** Down to a multiple of the size. */
export const binDown = (value: bigint, size: bigint): bigint | null =>
  size === 0n ? null : floorDivide(value, size) * size

function round(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value
  // Away from zero at the half, on the decimal text as people read it.
  const factor = 10 ** Math.abs(digits)
  const scaled = digits >= 0 ? Number(`${Math.abs(value)}e${digits}`) : Math.abs(value) / factor
  const whole = Number.isFinite(scaled) ? Math.round(scaled) : Math.round(Math.abs(value) * factor)
  const result = digits >= 0 ? Number(`${whole}e-${digits}`) : whole * factor
  return Math.sign(value) * (Number.isFinite(result) ? result : Math.abs(value))
}

export const NUMBERS: Functions = {
  add: strict(([left, right], _types, type) =>
    type === 'real' || type === 'decimal' ? real(left!) + real(right!) : long((left as bigint) + (right as bigint)),
  ),
  subtract: strict(([left, right], _types, type) =>
    type === 'real' || type === 'decimal' ? real(left!) - real(right!) : long((left as bigint) - (right as bigint)),
  ),
  multiply: strict(([left, right], types, type) => {
    if (type === 'real' || type === 'decimal') return real(left!) * real(right!)
    if (types.every((each) => each !== 'real')) return long((left as bigint) * (right as bigint))
    return BigInt(Math.trunc(real(left!) * real(right!)))
  }),
  divide: strict(([left, right], types, type) => {
    if (type === 'real' || type === 'decimal') return real(left!) / real(right!)
    if (types[1] === 'real') return real(right!) === 0 ? null : BigInt(Math.trunc(real(left!) / real(right!)))
    return right === 0n ? null : long((left as bigint) / (right as bigint))
  }),
  modulo: strict(([left, right], _types, type) =>
    type === 'real' || type === 'decimal' ? real(left!) % real(right!) : mod(left as bigint, right as bigint),
  ),
  negate: strict(([value]) => (typeof value === 'bigint' ? long(-value) : -real(value!))),
  abs: strict(([value]) => (typeof value === 'bigint' ? (value < 0n ? -value : value) : Math.abs(real(value!)))),
  sign: strict(([value]) => BigInt(Math.sign(real(value!)))),
  bin: strict(([value, size]) =>
    typeof value === 'bigint' ? binDown(value, size as bigint) : Math.floor(real(value!) / real(size!)) * real(size!),
  ),
  bin_at: strict(([value, size, at]) => {
    if (typeof value !== 'bigint') return real(at!) + Math.floor((real(value!) - real(at!)) / real(size!)) * real(size!)
    const down = binDown(value - (at as bigint), size as bigint)
    return down === null ? null : (at as bigint) + down
  }),
  ceiling: strict(([value]) => (typeof value === 'bigint' ? value : BigInt(Math.ceil(real(value!))))),
  around: strict(([value, center, delta]) => Math.abs(real(value!) - real(center!)) <= real(delta!)),
  round: strict(([value, digits]) => round(real(value!), Number(digits ?? 0n))),
  max_of: (args, _types, type) =>
    args.reduce((best, value) =>
      best === null || (value !== null && compareValues(value, best, type) > 0) ? value : best,
    ),
  min_of: (args, _types, type) =>
    args.reduce((best, value) =>
      best === null || (value !== null && compareValues(value, best, type) < 0) ? value : best,
    ),
  sqrt: strict(([value]) => (real(value!) < 0 ? null : Math.sqrt(real(value!)))),
  exp: ofReals(Math.exp),
  exp2: ofReals((value) => 2 ** value),
  exp10: ofReals((value) => 10 ** value),
  log: strict(([value]) => logarithm(Math.log, real(value!))),
  log2: strict(([value]) => logarithm(Math.log2, real(value!))),
  log10: strict(([value]) => logarithm(Math.log10, real(value!))),
  pow: strict(([base, exponent]) => {
    const value = real(base!) ** real(exponent!)
    return Number.isNaN(value) ? null : value
  }),
  sin: ofReals(Math.sin),
  cos: ofReals(Math.cos),
  tan: ofReals(Math.tan),
  cot: ofReals((value) => 1 / Math.tan(value)),
  asin: ofReals(Math.asin),
  acos: ofReals(Math.acos),
  atan: ofReals(Math.atan),
  atan2: ofReals(Math.atan2),
  pi: () => Math.PI,
  degrees: ofReals((value) => (value / Math.PI) * 180),
  radians: ofReals((value) => (value / 180) * Math.PI),
  gamma: ofReals((value) =>
    value > 0 && Number.isInteger(value) && value < 20 ? factorial(value - 1) : gammaOf(value),
  ),
  loggamma: ofReals(logGamma),
  erf: ofReals(errorFunction),
  erfc: ofReals((value) => 1 - errorFunction(value)),
  beta_cdf: strict(([x, a, b]) => betaCdf(real(x!), real(a!), real(b!))),
  beta_pdf: strict(([x, a, b]) => betaPdf(real(x!), real(a!), real(b!))),
  beta_inv: strict(([p, a, b]) => betaInverse(real(p!), real(a!), real(b!))),
  isnan: ([value]) => Number.isNaN(value),
  isinf: ([value]) => value === Infinity || value === -Infinity,
  isfinite: ([value]) => typeof value === 'number' && Number.isFinite(value),
  rand: ([most]) => (most === undefined || most === null ? Math.random() : Math.floor(Math.random() * Number(most))),
  binary_and: strict(([left, right]) => long((left as bigint) & (right as bigint))),
  binary_or: strict(([left, right]) => long((left as bigint) | (right as bigint))),
  binary_xor: strict(([left, right]) => long((left as bigint) ^ (right as bigint))),
  binary_not: strict(([value]) => ~(value as bigint)),
  binary_shift_left: strict(([value, by]) => long((value as bigint) << mod(by as bigint, 64n)!)),
  binary_shift_right: strict(([value, by]) => (value as bigint) >> mod(by as bigint, 64n)!),
  bitset_count_ones: strict(([value]) =>
    BigInt([...BigInt.asUintN(64, value as bigint).toString(2)].filter((bit) => bit === '1').length),
  ),
  tohex: strict(([value, width], types) => {
    const bits = types[0] === 'int' ? 32 : 64
    return BigInt.asUintN(bits, value as bigint)
      .toString(16)
      .padStart(Number(width ?? 0n), '0')
  }),
  format_bytes: strict(([value, digits, unit]) =>
    formatBytes(Number(value), Number(digits ?? 0n), unit as string | undefined),
  ),
}

const logarithm = (compute: (value: number) => number, value: number): number | null =>
  value > 0 ? compute(value) : value === 0 ? -Infinity : null

const factorial = (value: number): number => (value <= 1 ? 1 : value * factorial(value - 1))

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

function gammaOf(value: number): number {
  return value < 0.5 ? Math.PI / (Math.sin(Math.PI * value) * gammaOf(1 - value)) : Math.exp(logGamma(value))
}

function logGamma(value: number): number {
  if (value < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * value))) - logGamma(1 - value)
  const x = value - 1
  const sum = LANCZOS.reduce((total, part, index) => total + part / (x + index + 1), 0.99999999999980993)
  const t = x + LANCZOS.length - 0.5
  return 0.5 * Math.log(2 * Math.PI) + (x + 0.5) * Math.log(t) - t + Math.log(sum)
}

/** By its series near zero and by its continued fraction beyond, both to the last digit. */
function errorFunction(value: number): number {
  const x = Math.abs(value)
  if (x < 2.5) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return (Math.sign(value) * 2 * sum) / Math.sqrt(Math.PI)
  }
  let fraction = 0
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction)
  return Math.sign(value) * (1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction)))
}

function betaCdf(x: number, a: number, b: number): number | null {
  if (a <= 0 || b <= 0 || x < 0 || x > 1) return Number.NaN
  if (x === 0 || x === 1) return x
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x))
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  let c = 1
  let d = 1 - ((a + b) * x) / (a + 1)
  d = 1 / (Math.abs(d) < tiny ? tiny : d)
  let result = d
  for (let m = 1; m < 500; m++) {
    for (const numerator of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 + numerator * d
      d = 1 / (Math.abs(d) < tiny ? tiny : d)
      c = 1 + numerator / c
      if (Math.abs(c) < tiny) c = tiny
      result *= d * c
    }
    if (Math.abs(d * c - 1) < 1e-16) break
  }
  return result
}

function betaPdf(x: number, a: number, b: number): number {
  if (a <= 0 || b <= 0 || x < 0 || x > 1) return Number.NaN
  return Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + (a - 1) * Math.log(x) + (b - 1) * Math.log(1 - x))
}

function betaInverse(p: number, a: number, b: number): number | null {
  if (a <= 0 || b <= 0) return Number.NaN
  if (p < 0 || p > 1) return null
  let [low, high] = [0, 1]
  for (let step = 0; step < 200 && high - low > 1e-17; step++) {
    const middle = (low + high) / 2
    if (betaCdf(middle, a, b)! < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

const BYTE_UNITS = ['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB']

function formatBytes(value: number, digits: number, unit: string | undefined): string {
  const wanted = unit ? BYTE_UNITS.findIndex((each) => each.toLowerCase() === unit.toLowerCase()) : -1
  let index = 0
  let size = value
  while (index < BYTE_UNITS.length - 1 && (wanted >= 0 ? index < wanted : Math.abs(size) >= 1024)) {
    size /= 1024
    index++
  }
  return `${round(size, digits)} ${BYTE_UNITS[index]}`
}
