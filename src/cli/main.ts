#!/usr/bin/env node
import { CommanderError, Option } from 'commander'
import { FORMATS } from '../findings/render/formats.js'
import { version } from '../findings/version.js'
import { addJudgementCommands } from './judgement-commands.js'
import { many, Verb } from './verb.js'

// The command line. Each verb's work is loaded when the verb is used, so that help and mistakes are answered at once.

const program = new Verb('latchkey')
  .description('Finds every remote access tool in an organisation’s telemetry and tells sanctioned use from abuse.')
  .version(version)
  .showHelpAfterError('(latchkey --help shows the commands)')
  .exitOverride()

const format = (choices: readonly string[]): Option =>
  new Option('--format <format>', 'how to print; a table on a terminal, JSON lines in a pipe').choices(choices)
const store = new Option('--store <file>', 'keep events in this DuckDB file, and add to what is there')
const asOf = new Option('--as-of <time>', 'what ago() and now() are taken against; the newest event without it')
const since = new Option('--since <time>', 'leave out events before this time')
const until = new Option('--until <time>', 'leave out events from this time on')
const out = new Option('--out <file>', 'write to this file instead of standard output')
const force = new Option('--force', 'write over an existing file')
const rules = many(
  '--rules <path>',
  'run the rules of this file, folder or archive too: Sigma, Sentinel and Defender YAML or JSON, .kql',
)
const watchlists = new Option(
  '--watchlists <folder>',
  'CSV files that `_GetWatchlist` reads: vips.csv is the list vips',
)
const placeholders = new Option(
  '--placeholders <file>',
  'YAML or JSON of the values that `%name%` stands for in Sigma rules',
)
const overlay = new Option(
  '--overlay <file>',
  'what is changed about the rules: a YAML file that disables, grades or narrows them',
)
const policy = new Option('--policy <file>', 'who may use which tool: every sighting is held to this policy.yaml')
const quiet = new Option('--quiet', 'no progress and no notes on standard error')
const memory = new Option('--memory <size>', 'what the database may use before it spills to disk').default('512MB')
const clickhouse = new Option('--clickhouse <url>', 'a ClickHouse server, as http://user:password@localhost:8123')
const database = new Option('--database <name>', 'the database on the server').default('latchkey')
const cluster = new Option('--cluster <name>', 'tables on every server of this cluster, replicated and distributed')
const threads = new Option('--threads <count>', 'readers at once; one a processor without it')

const output = [out, force]
const server = [clickhouse, database]
const window = [since, until, asOf]
const work = [quiet, memory, threads]

program
  .command('scan')
  .summary('logs → remote access tools and findings')
  .description(
    'Reads every log below the given paths (EVTX, event XML, JSON, Defender and Log Analytics exports; archives in place) and\nprints which remote access tools are in them, on which hosts, since when, and what the detections found.',
  )
  .argument('[paths...]', 'files and folders; none with --store or --clickhouse reports on what is stored')
  .addOption(format(FORMATS))
  .with(...output, store, ...server, ...window)
  .addOption(
    new Option('--level <level>', 'leave out incidents and findings below this level')
      .choices(['informational', 'low', 'medium', 'high', 'critical'])
      .default('informational'),
  )
  .with(policy)
  .option('--decisions <file>', 'what was decided about incidents before; beside the store without it')
  .with(rules, overlay, watchlists, placeholders)
  .option('--no-builtin-rules', 'leave out the detections that come with latchkey')
  .with(many('--tune <rule:exclusion>', 'switch on an exclusion of a rule of latchkey’s, as seed-000-*:deployment'))
  .option('--all-tools', 'list built-in and administrators’ tools in the inventory too')
  .with(many('--status <status>', 'of Sigma rules, run those with this status only'))
  .with(many('--tag <tag>', 'run rules with this tag only: attack.t1059, T1059.001, cve.*'))
  .with(many('--exclude <rule>', 'leave out rules of this id, title or path; * and ? stand for any text and character'))
  .option('--dedup <time>', 'make alike findings of one rule on one host within this time one finding: 1h, 30m')
  .with(many('--stack <field>', 'instead of the report, count findings by the values of a field, the rarest first'))
  .option('--limit <count>', 'keep this many findings of each rule; 1000 of a Sigma rule, 10000 of others without it')
  .option('--fail-on-findings', 'exit with 1 when there are findings')
  .with(...work)
  .action(async (paths: string[], options) => {
    const { scan } = await import('./scan.js')
    process.exitCode = await scan(paths, options)
  })

program
  .command('query')
  .summary('one query over logs or a store')
  .description(
    'Runs one query over the logs below the given paths, or over a store, with the meaning its language gives it.',
  )
  .argument('<query>', 'the query, or @file')
  .argument('[paths...]', 'files and folders; none with --store or --clickhouse asks what is stored')
  .addOption(new Option('--language <language>', 'what the query is written in').choices(['kql']).default('kql'))
  .addOption(format(['table', 'json', 'ndjson', 'csv']))
  .with(watchlists)
  .with(...output, store, ...server, ...window)
  .option('--sql', 'print the SQL that would run, and stop')
  .with(...work)
  .action(async (text: string, paths: string[], options) => {
    const { query } = await import('./query.js')
    process.exitCode = await query(text, paths, options)
  })

program
  .command('lint')
  .summary('what is wrong with rules and queries')
  .description(
    'Checks rules and queries without any logs: Microsoft’s own diagnostics, what can never match or never decides, names\nthat no tool has, and the rule’s own tests.',
  )
  .argument('<rules...>', 'rule files and folders, ids of rules that come with latchkey, queries, or @file')
  .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json', 'sarif']))
  .with(watchlists, overlay, placeholders)
  .with(...output)
  .addOption(new Option('--as-of <time>', 'what ago() and now() are taken against; now without it'))
  .option('--quiet', 'leave out notes')
  .action(async (rulesGiven: string[], options) => {
    const { lint } = await import('./lint.js')
    process.exitCode = await lint(rulesGiven, options)
  })

program
  .command('test')
  .summary('runs rules over the test data that they carry')
  .description(
    'Runs rules that carry test data and says which pass: Sigma rules with a list of logs (regression_tests_path, or info.yml\nbeside the rule), and the signals of rules of our own form.',
  )
  .argument('<rules...>', 'rule files and folders, ids of rules that come with latchkey')
  .option('--filter <text>', 'only rules whose id, title or path has this; * and ? stand for any text and character')
  .with(overlay)
  .addOption(new Option('--format <format>', 'how to print').choices(['table', 'json', 'junit']).default('table'))
  .with(placeholders)
  .with(...output)
  .with(quiet, memory)
  .action(async (rulesGiven: string[], options) => {
    const { testRules } = await import('./test-rules.js')
    process.exitCode = await testRules(rulesGiven, options)
  })

program
  .command('explain')
  .summary('what a rule does, and what it makes of an event or of logs')
  .description(
    'Prints what a rule or query does, step by step and as SQL. With an event: which clause holds and which fails.\nWith logs or a store: what the rule gives, or the row that came nearest.',
  )
  .argument('<rule>', 'a rule file, the id of a rule that comes with latchkey, a query, or @file')
  .argument('[paths...]', 'logs to run it over')
  .option(
    '--event <json>',
    'an event as a JSON object of columns and values, or a file of one; for a Sigma rule by its field names, or its number in the logs, or --event=<uid>',
  )
  .option('--table <table>', 'the table that the event stands in; the first that the query reads without it')
  .with(watchlists, placeholders)
  .with(...output, store, ...window, ...work)
  .action(async (rule: string, paths: string[], options) => {
    const { explain } = await import('./explain.js')
    process.exitCode = await explain(rule, paths, options)
  })

addJudgementCommands(program, {
  input: [store, ...window, ...work],
  output,
})

const stores = program
  .command('store')
  .summary('events on a ClickHouse server')
  .description('Makes and fills the tables of a ClickHouse server.')

stores
  .command('init')
  .summary('make the tables')
  .description('Makes the tables of the event model where they are not there yet.')
  .with(...server, cluster)
  .option('--dry-run', 'print the SQL, and ask no server')
  .action(async (options) => {
    const { storeInit } = await import('./store.js')
    process.exitCode = await storeInit(options)
  })

stores
  .command('ingest')
  .summary('read logs into the tables')
  .description(
    'Reads every log below the given paths into the server’s tables. A record that is there is not added again.',
  )
  .argument('<paths...>', 'files and folders')
  .with(...server, cluster)
  .with(quiet, threads)
  .action(async (paths: string[], options) => {
    const { storeIngest } = await import('./store.js')
    process.exitCode = await storeIngest(paths, options)
  })

program
  .command('attack')
  .summary('techniques of MITRE ATT&CK that rules look for')
  .description(
    'Lists the techniques, or shows one: groups, software, mitigations, detection strategies, and the rules and hunts for it.',
  )
  .argument('[technique]', 'its id or name')
  .addOption(format(['table', 'json', 'ndjson', 'csv']))
  .with(...output)
  .action(async (id: string | undefined, options) => {
    const { attack } = await import('./attack.js')
    process.exitCode = await attack(id, options)
  })

program
  .command('tools')
  .summary('the catalogue of remote access tools')
  .description('Lists the tools that latchkey knows, or shows one with every value, its source and its worth.')
  .argument('[name]', 'a tool’s name, id or alias')
  .addOption(format(['table', 'json', 'ndjson', 'csv']))
  .with(...output)
  .action(async (name: string | undefined, options) => {
    const { tools } = await import('./tools.js')
    process.exitCode = await tools(name, options)
  })

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) {
    const { explainFailure, exitCodeOf } = await import('./failure.js')
    process.stderr.write(`latchkey: ${explainFailure(error)}\n`)
    process.exitCode = exitCodeOf(error)
  } else process.exitCode = error.exitCode === 0 ? 0 : 3
}
