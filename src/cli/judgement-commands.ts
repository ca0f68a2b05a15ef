import { Option } from 'commander'
import type { Verb } from './verb.js'

/** Options that several commands have, made once in `main.ts`. */
export interface SharedOptions {
  readonly input: readonly Option[]
  readonly output: readonly Option[]
}

/** The commands about what is allowed: `policy`. Each verb's work is loaded when it is used. */
export function addJudgementCommands(program: Verb, { input, output }: SharedOptions): void {
  const policy = program
    .command('policy')
    .summary('who may use which tool')
    .description('Makes, checks, explains and tests the policy that scan --policy holds every sighting to.')

  policy
    .command('init')
    .summary('propose a policy from what is there')
    .description(
      'Proposes an entry for every tool and instance in logs, a store or a report, for a person to confirm. Nothing that is\nproposed approves anything before it says `confirmed: true`.',
    )
    .argument('[paths...]', 'files and folders; none with --store or --report')
    .option('--report <file>', 'take the inventory from a report that scan wrote as json or ndjson')
    .with(...output, ...input)
    .action(async (paths: string[], options) => {
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
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json']).default('table'))
    .with(...output, ...input)
    .action(async (path: string, paths: string[], options) => {
      const { policyExplain } = await import('./policy.js')
      process.exitCode = await policyExplain(path, paths, options)
    })

  policy
    .command('test')
    .summary('which attacks a policy would hide')
    .description(
      'Plays intruders’ stories and strangers’ own copies of every tool on the hosts, for the accounts and in the hours that\nentries allow, and refuses a policy that would approve one. Entries count as if they were confirmed.',
    )
    .argument('<policy>', 'the policy file')
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json']).default('table'))
    .with(...output)
    .action(async (path: string, options) => {
      const { policyTest } = await import('./policy-test.js')
      process.exitCode = await policyTest(path, options)
    })

  const store = new Option('--store <file>', 'the store that was scanned; decisions are kept beside it')
  const decisions = new Option('--decisions <file>', 'the file of decisions, where it is another')

  program
    .command('decide')
    .summary('what an incident was, for this scan and later ones')
    .description(
      'Keeps a verdict and a note on an incident. Scans of the same store, or with the same --decisions, show it as decided\nuntil something new comes: another tool, host or instance, a graver verdict, another rule.',
    )
    .argument('<incident>', 'its id, as scan prints it')
    .addOption(
      new Option('--verdict <verdict>', 'a false alarm, true and allowed, an intrusion, or back to open')
        .choices(['benign', 'expected', 'malicious', 'undecided'])
        .makeOptionMandatory(),
    )
    .requiredOption('--note <text>', 'why, in a sentence')
    .option('--by <name>', 'who decides')
    .option('--report <file>', 'the report that names the incident, where it is not the last scan of the store')
    .addOption(store)
    .addOption(decisions)
    .action(async (id: string, options) => {
      const { decide } = await import('./decide.js')
      process.exitCode = decide(id, options)
    })

  program
    .command('decisions')
    .summary('decisions that were kept')
    .description('Writes out what was decided about incidents.')
    .command('export')
    .summary('every decision, or how often each rule was a false alarm')
    .description(
      'Prints every decision in order; with --rules, for each rule how many of its decided incidents were benign.',
    )
    .option('--rules', 'false alarms by rule, with the interval that so few cases leave')
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json', 'ndjson', 'csv']))
    .addOption(store)
    .addOption(decisions)
    .with(...output)
    .action(async (options) => {
      const { exportDecisions } = await import('./decide.js')
      process.exitCode = await exportDecisions(options)
    })

  program
    .command('playbook')
    .summary('how to investigate an incident, and what to do about it')
    .description(
      'Writes an investigation guide and a response playbook for incidents of a report, a store or logs: what to ask first, filled\nwith what the events show, queries ready to run, and what to collect, contain, remove and restore; as Markdown, or as a\nCACAO 2.0 playbook. With --tool alone for a tool, and with nothing in general.',
    )
    .argument(
      '[paths...]',
      'ids of incidents; a report that scan wrote as json or ndjson, or files and folders of logs',
    )
    .option('--report <file>', 'a report that scan wrote as json or ndjson')
    .option('--incident <id>', 'this incident only, as scan prints its id')
    .option('--tool <name>', 'incidents of this tool only; in general where there is none')
    .option('--for <product>', 'write the queries for latchkey, defender or sentinel', 'latchkey')
    .option('--policy <file>', 'who may use which tool, where logs or a store are scanned')
    .option('--decisions <file>', 'what was decided about incidents before; beside the store without it')
    .addOption(
      new Option('--format <format>', 'how to print').choices(['markdown', 'cacao', 'json']).default('markdown'),
    )
    .with(...output, ...input)
    .action(async (paths: string[], options) => {
      const { playbook } = await import('./playbook.js')
      process.exitCode = await playbook(paths, options)
    })

  const hunt = program
    .command('hunt')
    .summary('hunting queries')
    .description('Lists and runs the hunting queries that come with latchkey.')

  hunt
    .command('list')
    .summary('the hunting queries')
    .description('Lists the hunting queries; as JSON lines with query and how to read the answer.')
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json', 'ndjson', 'csv']))
    .with(...output)
    .action(async (options) => {
      const { huntList } = await import('./hunt.js')
      process.exitCode = await huntList(options)
    })

  hunt
    .command('run')
    .summary('one hunting query over logs or a store')
    .description('Runs one hunting query, and says how to read the answer and which to ask next.')
    .argument('<id>', 'its id, as hunt list prints it')
    .argument('[paths...]', 'files and folders; none with --store asks what is stored')
    .option('--show', 'print the query, and stop')
    .option('--policy <file>', 'the policy whose records are left out, where the hunt is about records')
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json', 'ndjson', 'csv']))
    .with(...output, ...input)
    .action(async (id: string, paths: string[], options) => {
      const { huntRun } = await import('./hunt.js')
      process.exitCode = await huntRun(id, paths, options)
    })
}
