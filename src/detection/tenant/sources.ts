import type { TenantPlace } from '../identity/catalogue.js'
import type { TenantSource } from './read-tenant.js'

/** Column of the event model → the kinds of text it holds. */
const PLACES = {
  process_cmd_line: ['command-line'],
  parent_process_cmd_line: ['command-line'],
  service_cmd_line: ['command-line'],
  job_cmd_line: ['command-line'],
  host_application: ['command-line'],
  service_name: ['service-name'],
  process_file_name: ['file-name'],
  file_name: ['file-name'],
  package_path: ['path', 'file-name'],
  process_file_path: ['path'],
  parent_process_file_path: ['path'],
  service_file_path: ['path'],
  file_path: ['path'],
  product_name: ['product'],
  log_provider: ['provider'],
  query_hostname: ['host-name'],
  dst_hostname: ['host-name'],
  message: ['text'],
  script_content: ['text'],
  file_contents: ['text'],
  reg_value_data: ['command-line', 'text'],
} as const satisfies Readonly<Record<string, readonly TenantPlace[]>>

/** Columns of an event in which a tenant can show. */
export const TENANT_COLUMNS = Object.keys(PLACES) as readonly (keyof typeof PLACES)[]

/** The texts of a row that can show whose instance a tool is. Columns that the row lacks are left out. */
export function tenantSources(
  row: { readonly [Column in keyof typeof PLACES]?: string | null | undefined },
): TenantSource[] {
  return TENANT_COLUMNS.flatMap((column) => {
    const text = row[column]
    if (typeof text !== 'string' || text === '') return []
    return PLACES[column].map((place) => ({
      place,
      text: place === 'file-name' ? text.slice(Math.max(text.lastIndexOf('\\'), text.lastIndexOf('/')) + 1) : text,
    }))
  })
}
