import { type Command, Option } from 'commander'

/** Options that several commands have, made once in `main.ts`. */
export interface SharedOptions {
  readonly input: readonly Option[]
  readonly output: readonly Option[]
}

/** The commands about what is allowed: `policy`. Each verb's work is loaded when it is used. */
export function addJudgementCommands(program: Command, { input, output }: SharedOptions): void {
  const withOptions = (command: Command, ...options: readonly (readonly Option[])[]): Command =>
    options.flat().reduce((one, option) => one.addOption(option), command)

  const policy = program
    .command('policy')
    .summary('who may use which tool')
    .description('Makes, checks, explains and tests the policy that scan --policy holds every sighting to.')

  withOptions(
    policy
      .command('init')
      .summary('propose a policy from what is there')
      .description(
        'Proposes an entry for every tool and instance in logs, a store or a report, for a person to confirm. Nothing that is\nproposed approves anything before it says `confirmed: true`.',
      )
      .argument('[paths...]', 'files and folders; none with --store or --report')
      .option('--report <file>', 'take the inventory from a report that scan wrote as json or ndjson'),
    output,
    input,
  ).action(async (paths: string[], options) => {
    const { policyInit } = await import('./policy.js')
    process.exitCode = await policyInit(paths, options)
  })

  policy
    .command('check')
    .summary('what is wrong or unwise in a policy')
    .description(
      'Checks a policy without any logs: what cannot be read, and what would approve an intruder who brings the same product.',
    )
    .argument('<policy>', 'the policy file')
    .option('--force', 'warn, and do not refuse, where an entry approves a name alone or everybody’s instance')
    .option('--quiet', 'leave out notes')
    .action(async (path: string, options) => {
      const { policyCheck } = await import('./policy.js')
      process.exitCode = policyCheck(path, options)
    })

  withOptions(
    policy
      .command('explain')
      .summary('which entry decided, and why')
      .description(
        'Shows for every tool and host how each entry that names the tool reads it: what was met, what failed, what no event shows.',
      )
      .argument('<policy>', 'the policy file')
      .argument('[paths...]', 'files and folders; none with --store asks what is stored')
      .option('--tool <text>', 'only tools with this in their name or id')
      .option('--host <text>', 'only hosts with this in their name')
      .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json']).default('table')),
    output,
    input,
  ).action(async (path: string, paths: string[], options) => {
    const { policyExplain } = await import('./policy.js')
    process.exitCode = await policyExplain(path, paths, options)
  })
}
