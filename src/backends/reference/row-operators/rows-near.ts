import { whole } from './periods.js'
import type { RowOperator } from './row-operator.js'

/** Rows, in order, that are not further than so many from one whose first column is true. https://learn.microsoft.com/kusto/query/rows-near-plugin */
export const rowsNear: RowOperator = (inputs, _output, options) => {
  const { rows } = inputs[0]!
  const [before, after] = [Number(whole(options, 'before', inputs)), Number(whole(options, 'after', inputs))]
  const kept = new Uint8Array(rows.length)
  rows.forEach(([isTrue], index) => {
    if (isTrue === true) kept.fill(1, Math.max(0, index - before), Math.max(0, index + after + 1))
  })
  return rows.filter((_, index) => kept[index] === 1).map(([, ...row]) => row)
}
