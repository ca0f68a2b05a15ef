import type { DuckDBConnection } from '@duckdb/node-api'
import { emitScalar, type ScalarScope } from '../../../backends/duckdb/emit-scalar.js'
import type { Store } from '../../../backends/duckdb/store.js'
import type { Scalar } from '../../../ir/scalar.js'
import { prepare } from '../../run-query.js'
import { VALUE } from './predicates.js'

/** A test of a value that only the engine can make: expressions run on its linear-time engine and mean what they mean in a query. */
export interface Question {
  readonly leaf: number
  readonly value: string
}

const NO_RELATIONS = {
  firstValue: (): string => {
    throw new Error('a relation in a Sigma test')
  },
  firstColumn: (): string => {
    throw new Error('a relation in a Sigma test')
  },
}

export const scopeOf = (columns: ScalarScope['columns']): ScalarScope => ({ columns, relation: NO_RELATIONS })

const VALUE_SCOPE = scopeOf(new Map([[VALUE, { sql: '"value"', type: 'string', form: 'plain' }]]))

/** Asks the engine, on a connection of its own because the store's is being read from. */
export class Engine {
  private constructor(
    private readonly store: Store,
    private readonly connection: DuckDBConnection,
  ) {}

  static async open(store: Store): Promise<Engine> {
    const connection = await store.connect()
    await connection.run('CREATE TEMP TABLE question (number INTEGER, leaf INTEGER, "value" VARCHAR)')
    return new Engine(store, connection)
  }

  /** The questions that are answered yes, as their indices. */
  async ask(questions: readonly Question[], scalarOf: (leaf: number) => Scalar): Promise<readonly number[]> {
    if (questions.length === 0) return []
    const leaves = [...new Set(questions.map(({ leaf }) => leaf))]
    const branches = leaves.map((leaf) => `WHEN ${leaf} THEN ${emitScalar(scalarOf(leaf), VALUE_SCOPE)}`)
    const sql = `SELECT number FROM question WHERE CASE leaf ${branches.join(' ')} END`
    prepare(this.store, sql)
    const appender = await this.connection.createAppender('question', null, 'temp')
    for (const [number, { leaf, value }] of questions.entries()) {
      appender.appendInteger(number)
      appender.appendInteger(leaf)
      appender.appendVarchar(value)
      appender.endRow()
    }
    appender.closeSync()
    const reader = await this.connection.runAndReadAll(sql)
    const numbers = reader.getRows().map(([number]) => Number(number))
    await this.connection.run('TRUNCATE question')
    return numbers
  }

  close(): void {
    this.connection.closeSync()
  }
}
