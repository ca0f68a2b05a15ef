/** How to investigate an incident and what to do about it: `content/response` filled with what its events show. */
export { cacaoOf } from './cacao.js'
export type { QueryFor } from './fill.js'
export type { Guide, GuideQuery, GuideQuestion, GuideStep } from './guide.js'
export { guideInGeneral, guideOfIncident, guideOfTool, guidesOf } from './guide.js'
export { markdownChunks } from './markdown.js'
