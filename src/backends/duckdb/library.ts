import { createRequire } from 'node:module'

/**
 * DuckDB's client. It is required and not imported: before Node imports a CommonJS package it reads every file of it for the names that it
 * exports, and this one has a hundred and thirty.
 */
const library = createRequire(import.meta.url)('@duckdb/node-api') as typeof import('@duckdb/node-api')

export const { DuckDBInstance, DuckDBScalarFunction, VARCHAR } = library
export type DuckDBInstance = import('@duckdb/node-api').DuckDBInstance
export type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
