/** Whose instance is it? And what must not be shown of it. */
export { fingerprint, maskSecrets } from './mask.js'
export { readTenant, type Tenant, type TenantSource, tenantOf } from './read-tenant.js'
export { TENANT_COLUMNS, tenantSources } from './sources.js'
