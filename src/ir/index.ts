/** One query model for every language and every engine. Plain data; the words are explained where they are declared. */
export * from './map.js'
export * from './relation.js'
export * from './scalar.js'
export * from './schema.js'
export * from './time.js'
export * from './types.js'
export * from './value.js'
export * from './walk.js'
