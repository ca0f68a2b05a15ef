import { playbookCacao } from '../findings/playbook/cacao.js'
import { playbookMarkdown } from '../findings/playbook/markdown.js'
import { loadResponse } from '../findings/playbook/response.js'
import { visibleJson } from '../text/visible.js'
import { knownIncidents } from './decisions-file.js'
import { ConfigurationError } from './failure.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'

export interface PlaybookOptions extends OutputOptions {
  readonly store?: string
  readonly report?: string
  readonly format: 'markdown' | 'cacao'
}

/** `latchkey playbook`: how to investigate and respond, of one incident or in general. */
export async function playbook(id: string | undefined, options: PlaybookOptions): Promise<number> {
  checkOutput(options)
  const incident =
    id === undefined ? null : knownIncidents(options.store, options.report).find((each) => each.id === id)
  if (incident === undefined) throw new ConfigurationError(`no incident ${id} in the last scan`)
  const response = loadResponse()
  if (options.format === 'markdown') await writeOutput(playbookMarkdown(response, incident), options)
  else
    await writeOutput(
      [`${visibleJson(JSON.stringify(playbookCacao(response, incident, new Date()), null, 2))}\n`],
      options,
    )
  return 0
}
