import type { Functions } from './function.js'

/** Functions of places on the earth. None yet; the dialect refuses them by name. */
export const GEOGRAPHY: Functions = {}
