import { isLike } from '../../text/wildcard.js'

/**
 * Whether `text` has the shape of `pattern`, where `*` stands for any run of characters and `?` for one. Takes at most
 * pattern × text steps whatever either holds. Case matters: give both in one case.
 */
export const matchesGlob = (pattern: string, text: string): boolean => isLike(text, pattern)
