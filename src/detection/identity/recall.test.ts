import { describe, expect, it } from 'vitest'
import { loadCatalogue, type ToolValue } from './catalogue.js'
import { identify } from './identify.js'
import type { Observation } from './observation.js'

/** What the catalogue calls `ok` names its tool, for every tool in it. */
const tools = loadCatalogue().tools
const firm = (values: readonly ToolValue[] | undefined) =>
  (values ?? []).filter(
    (value) => value.quality.join() === 'ok' && value.platform === undefined && value.match !== 'regex',
  )
const missing = (
  field: (tool: (typeof tools)[number]) => readonly ToolValue[] | undefined,
  observe: (value: string) => Observation,
) =>
  tools.flatMap((tool) =>
    firm(field(tool))
      .filter(({ value }) => !identify(observe(value)).some((found) => found.named && found.tool.id === tool.id))
      .map(({ value }) => `${tool.id}: ${value}`),
  )

describe('a value that the catalogue holds good', () => {
  it('names its tool as the name of a program', () => {
    expect(
      missing(
        (tool) => tool.executables?.filter(({ value }) => !/[*?]/.test(value)),
        (value) => ({ class: 'process', process_file_path: `C:\\x\\${value}` }),
      ),
    ).toEqual([])
  })

  it('names its tool as an original file name', () => {
    expect(
      missing(
        (tool) => tool.original_file_names,
        (value) => ({ class: 'process', process_file_path: 'C:\\x\\y.exe', process_file_original_name: value }),
      ),
    ).toEqual([])
  })

  it('names its tool as a signer, a publisher and a product', () => {
    const program = { class: 'process', process_file_path: 'C:\\x\\y.exe' }
    expect(
      missing(
        (tool) => tool.signers,
        (value) => ({ ...program, process_file_signer: value }),
      ),
    ).toEqual([])
    expect(
      missing(
        (tool) => tool.company_names,
        (value) => ({ ...program, process_file_company: value }),
      ),
    ).toEqual([])
    expect(
      missing(
        (tool) => tool.product_names,
        (value) => ({ ...program, process_file_product: value }),
      ),
    ).toEqual([])
  })

  it('names its tool as a service and as the provider of events', () => {
    expect(
      missing(
        (tool) => tool.services,
        (value) => ({ class: 'service', service_name: value }),
      ),
    ).toEqual([])
    expect(
      missing(
        (tool) => tool.event_providers,
        (value) => ({ class: 'app_log', log_provider: value }),
      ),
    ).toEqual([])
  })

  it('names its tool as a host below it', () => {
    expect(
      missing(
        (tool) => tool.domains,
        (value) => ({ class: 'dns', query_hostname: `relay1.${value}` }),
      ),
    ).toEqual([])
  })
})
