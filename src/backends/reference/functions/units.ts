import { type Functions, strict } from './function.js'

/** Factors to a base unit. https://learn.microsoft.com/kusto/query/convert-length-function and its neighbours. */
const UNITS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  convert_mass: {
    Kilogram: 1,
    Gram: 1e-3,
    Milligram: 1e-6,
    Microgram: 1e-9,
    Tonne: 1e3,
    Pound: 0.45359237,
    Ounce: 0.028349523125,
    Stone: 6.35029318,
    Grain: 6.479891e-5,
    ShortTon: 907.18474,
    LongTon: 1016.0469088,
    ShortHundredweight: 45.359237,
    LongHundredweight: 50.80234544,
    Slug: 14.593903,
    Centigram: 1e-5,
    Decigram: 1e-4,
    Decagram: 1e-2,
    Hectogram: 0.1,
    Kilotonne: 1e6,
    Megatonne: 1e9,
    Nanogram: 1e-12,
    Kilopound: 453.59237,
    Megapound: 453592.37,
    SolarMass: 1.98947e30,
    EarthMass: 5.9722e24,
  },
  convert_length: {
    Meter: 1,
    Kilometer: 1e3,
    Centimeter: 1e-2,
    Millimeter: 1e-3,
    Micrometer: 1e-6,
    Nanometer: 1e-9,
    Decimeter: 0.1,
    Hectometer: 100,
    Inch: 0.0254,
    Foot: 0.3048,
    Yard: 0.9144,
    Mile: 1609.344,
    NauticalMile: 1852,
    LightYear: 9.46073047258e15,
    Parsec: 3.08567758128e16,
    AstronomicalUnit: 1.495978707e11,
    Fathom: 1.8288,
    Chain: 20.1168,
    Microinch: 2.54e-8,
    Mil: 2.54e-5,
    Hand: 0.1016,
  },
  convert_speed: {
    MeterPerSecond: 1,
    KilometerPerHour: 1 / 3.6,
    KilometerPerSecond: 1e3,
    MilePerHour: 0.44704,
    Knot: 0.514444,
    FootPerSecond: 0.3048,
    FootPerMinute: 0.00508,
    InchPerSecond: 0.0254,
    CentimeterPerSecond: 1e-2,
    MeterPerMinute: 1 / 60,
    MeterPerHour: 1 / 3600,
    KilometerPerMinute: 1000 / 60,
    Mach: 340.29,
    YardPerSecond: 0.9144,
  },
  convert_energy: {
    Joule: 1,
    Kilojoule: 1e3,
    Megajoule: 1e6,
    Gigajoule: 1e9,
    Calorie: 4.184,
    Kilocalorie: 4184,
    WattHour: 3600,
    KilowattHour: 3.6e6,
    MegawattHour: 3.6e9,
    GigawattHour: 3.6e12,
    BritishThermalUnit: 1055.05585262,
    ElectronVolt: 1.602176565e-19,
    Erg: 1e-7,
    FootPound: 1.355817948,
    Millijoule: 1e-3,
    ThermEc: 1.05505585262e8,
    ThermUs: 1.054804e8,
  },
  convert_force: {
    Newton: 1,
    Kilonewton: 1e3,
    Meganewton: 1e6,
    Millinewton: 1e-3,
    Micronewton: 1e-6,
    Decanewton: 10,
    Dyn: 1e-5,
    KilogramForce: 9.80665,
    KiloPond: 9.80665,
    PoundForce: 4.4482216152605,
    OunceForce: 0.2780138509537812,
    TonneForce: 9806.65,
    Poundal: 0.138254954376,
    ShortTonForce: 8896.443230521,
  },
  convert_angle: {
    Degree: 1,
    Radian: 180 / Math.PI,
    Gradian: 0.9,
    Arcminute: 1 / 60,
    Arcsecond: 1 / 3600,
    Revolution: 360,
    Milliradian: 0.18 / Math.PI,
    Microradian: 1.8e-4 / Math.PI,
    Centiradian: 1.8 / Math.PI,
    Deciradian: 18 / Math.PI,
    Microdegree: 1e-6,
    Millidegree: 1e-3,
    Nanodegree: 1e-9,
    Nanoradian: 1.8e-7 / Math.PI,
    Tilt: 180 / Math.PI,
  },
  convert_volume: {
    CubicMeter: 1,
    Liter: 1e-3,
    Milliliter: 1e-6,
    Centiliter: 1e-5,
    Deciliter: 1e-4,
    Hectoliter: 0.1,
    Kiloliter: 1,
    Microliter: 1e-9,
    CubicCentimeter: 1e-6,
    CubicMillimeter: 1e-9,
    CubicDecimeter: 1e-3,
    CubicKilometer: 1e9,
    CubicInch: 1.6387064e-5,
    CubicFoot: 0.028316846592,
    CubicYard: 0.764554857984,
    CubicMile: 4168181825.4405794,
    UsGallon: 0.003785411784,
    ImperialGallon: 0.00454609,
    UsPint: 0.000473176473,
    UsQuart: 0.000946352946,
    UsOunce: 2.95735295625e-5,
    ImperialPint: 0.00056826125,
    ImperialOunce: 2.84130625e-5,
    OilBarrel: 0.158987294928,
    UsTablespoon: 1.478676478125e-5,
    UsTeaspoon: 4.92892159375e-6,
    MetricCup: 2.5e-4,
    UsCustomaryCup: 0.0002365882365,
    Megaliter: 1e3,
    AcreFoot: 1233.48183754752,
  },
}

const TEMPERATURES: Readonly<
  Record<string, readonly [to: (value: number) => number, from: (kelvin: number) => number]>
> = {
  Kelvin: [(value) => value, (kelvin) => kelvin],
  DegreeCelsius: [(value) => value + 273.15, (kelvin) => kelvin - 273.15],
  DegreeFahrenheit: [(value) => ((value + 459.67) * 5) / 9, (kelvin) => (kelvin * 9) / 5 - 459.67],
  DegreeRankine: [(value) => (value * 5) / 9, (kelvin) => (kelvin * 9) / 5],
  DegreeDelisle: [(value) => 373.15 - (value * 2) / 3, (kelvin) => ((373.15 - kelvin) * 3) / 2],
  DegreeNewton: [(value) => (value * 100) / 33 + 273.15, (kelvin) => ((kelvin - 273.15) * 33) / 100],
  DegreeReaumur: [(value) => value * 1.25 + 273.15, (kelvin) => (kelvin - 273.15) * 0.8],
  DegreeRoemer: [(value) => ((value - 7.5) * 40) / 21 + 273.15, (kelvin) => ((kelvin - 273.15) * 21) / 40 + 7.5],
}

export const UNIT_CONVERSIONS: Functions = unitConversions()

function unitConversions(): Functions {
  const found: Record<string, ReturnType<typeof strict>> = {
    convert_temperature: strict(([value, from, to]) => {
      const [source, target] = [TEMPERATURES[String(from)], TEMPERATURES[String(to)]]
      return source && target ? target[1](source[0](Number(value))) : null
    }),
  }
  const speeds: Record<string, number> = { ...UNITS.convert_speed }
  for (const [length, metres] of Object.entries(UNITS.convert_length!)) {
    for (const [time, seconds] of Object.entries({ Second: 1, Minute: 60, Hour: 3600 }))
      speeds[`${length}Per${time}`] ??= metres / seconds
  }
  for (const [name, units] of Object.entries({ ...UNITS, convert_speed: speeds })) {
    found[name] = strict(([value, from, to]) => {
      const [source, target] = [units[String(from)], units[String(to)]]
      return source === undefined || target === undefined ? null : (Number(value) * source) / target
    })
  }
  return found
}
