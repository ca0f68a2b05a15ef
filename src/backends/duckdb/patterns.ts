export { needlePattern, regexEscape, regexPrefix, wildcardPattern } from '../patterns.js'
