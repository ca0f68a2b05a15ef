/** Which tool is this? Evidence from telemetry columns against the catalogue of `content/tools`. */
export {
  type Catalogue,
  loadCatalogue,
  type ProgramRole,
  type TenantPlace,
  type TenantRule,
  type Tier,
  type Tool,
  type ToolValue,
} from './catalogue.js'
export {
  defaultIndex,
  type EvidenceKind,
  type Identification,
  type IdentityEvidence,
  identify,
  type Subject,
} from './identify.js'
export type { Observation } from './observation.js'
export { ToolIndex } from './tool-index.js'
