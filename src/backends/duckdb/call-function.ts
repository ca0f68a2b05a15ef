import type { Column, ScalarType } from '../../ir/types.js'
import { isArray, parseDynamic, printDynamic, type Value } from '../../ir/value.js'
import type { ScalarFunction } from '../reference/functions/function.js'
import { scalarFunction } from '../reference/functions/index.js'
import { ROW_OPERATORS } from '../reference/row-operators/index.js'
import { SCRIPT_FUNCTION } from './functions.js'
import { type DuckDBConnection, DuckDBScalarFunction, VARCHAR } from './library.js'
import { ROWS_FUNCTION, readRowOperator, splitRows } from './row-operator.js'

/**
 * Makes the functions that SQL lacks callable on this database: one function, whose first argument says which and with what types, as
 * `parse_url(string)dynamic`. Arguments and result travel as text. Costs a few hundred nanoseconds a call beside the work itself.
 */
export function registerFunctions(connection: DuckDBConnection): void {
  const made = DuckDBScalarFunction.create({
    name: SCRIPT_FUNCTION,
    returnType: VARCHAR,
    parameterTypes: [VARCHAR],
    varArgsType: VARCHAR,
    specialHandling: true,
    mainFunction: (_info, input, output) => {
      const columns = Array.from({ length: input.columnCount }, (_, index) => input.getColumnVector(index))
      for (let row = 0; row < input.rowCount; row++) {
        const { compute, types, result } = readSignature(String(columns[0]!.getItem(row)))
        const args = types.map((type, index) => decodeText(columns[index + 1]!.getItem(row) as string | null, type))
        output.setItem(row, encodeText(compute(args, types, result), result))
      }
      output.flush()
    },
  })
  connection.registerScalarFunction(made)
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: ROWS_FUNCTION,
      returnType: VARCHAR,
      parameterTypes: [VARCHAR, VARCHAR],
      specialHandling: true,
      mainFunction: (_info, input, output) => {
        for (let row = 0; row < input.rowCount; row++) {
          const [spec, rows] = [0, 1].map((index) => input.getColumnVector(index).getItem(row) as string | null)
          output.setItem(row, runRows(spec!, rows ?? '[]'))
        }
        output.flush()
      },
    }),
  )
}

function runRows(spec: string, text: string): string {
  const { name, inputs, output, options } = readRowOperator(spec)
  const parsed = parseDynamic(text)
  const cells: readonly Column[] = inputs.length === 1 ? inputs[0]! : [...OWN_COLUMNS, ...inputs.flat()]
  const rows = (isArray(parsed ?? null) ? (parsed as readonly Value[]) : []).map((row) =>
    cells.map(({ type }, index) => {
      const cell = (row as readonly Value[])[index] ?? null
      return type === 'dynamic' ? cell : decodeText(cell === null ? null : String(cell), type)
    }),
  )
  const tables = splitRows(inputs, rows).map((each, index) => ({ columns: inputs[index]!, rows: each }))
  const found = ROW_OPERATORS[name]!(tables, output, options)
  return printDynamic(
    found.map((row) =>
      row.map((value, index) => (output[index]!.type === 'dynamic' ? value : encodeText(value, output[index]!.type))),
    ),
  )
}

/** What several inputs have before their own columns: which of them, and where in it. */
const OWN_COLUMNS: readonly Column[] = [
  { name: '', type: 'long' },
  { name: '', type: 'long' },
]

interface Signature {
  readonly compute: ScalarFunction
  readonly types: readonly ScalarType[]
  readonly result: ScalarType
}

const signatures = new Map<string, Signature>()

function readSignature(source: string): Signature {
  const known = signatures.get(source)
  if (known) return known
  const [, name, list, result] = /^(\w+)\((.*)\)(\w+)$/.exec(source)! as unknown as [string, string, string, ScalarType]
  const compute = scalarFunction(name)
  if (!compute) throw new Error(`no function ${name}`)
  const made: Signature = { compute, types: list === '' ? [] : (list.split(',') as ScalarType[]), result }
  signatures.set(source, made)
  return made
}

/** From this length on a value is looked for among those read last: the polygons and lists of a query come again with every row. */
const LONG = 200
/** Of all texts remembered. */
const MOST_CHARACTERS = 2_000_000
const recalled = new Map<string, Value>()
let characters = 0

function recall(text: string): Value {
  const known = recalled.get(text)
  if (known !== undefined) return known
  const value = parseDynamic(text) ?? null
  if (text.length > MOST_CHARACTERS) return value
  for (const oldest of recalled.keys()) {
    if (characters + text.length <= MOST_CHARACTERS) break
    recalled.delete(oldest)
    characters -= oldest.length
  }
  recalled.set(text, value)
  characters += text.length
  return value
}

function decodeText(text: string | null, type: ScalarType): Value {
  if (text === null) return type === 'string' ? '' : null
  switch (type) {
    case 'bool':
      return text === 'true'
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return BigInt(text)
    case 'real':
    case 'decimal':
      return text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text)
    case 'dynamic':
      return text.length < LONG ? (parseDynamic(text) ?? null) : recall(text)
    case 'guid':
    case 'string':
      return text
  }
}

/** Text that DuckDB's casts read back. */
function encodeText(value: Value, type: ScalarType): string | null {
  if (value === null) return null
  if (type === 'dynamic') return printDynamic(value)
  if (typeof value === 'string') return value
  if (typeof value === 'number')
    return Number.isNaN(value) ? 'nan' : Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf'
  return typeof value === 'object' ? printDynamic(value) : String(value)
}
