import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { renderDiagnostic } from '../text/diagnostic.js'
import { checkPolicy } from './check-policy.js'
import { readPolicy } from './read-policy.js'

const files: Readonly<Record<string, string>> = {
  'desks.txt': '# first floor\nWS-1*\n10.1.0.0/16\r\n\n',
  'bad.txt': '10.0.0.0/99',
}

const read = (text: string) =>
  readPolicy('policy.yaml', text, {
    readFile: (path) => {
      if (files[path] === undefined) throw new Error('no such file')
      return files[path]
    },
  })

const entry = (lines: string): string =>
  `policy: 1\nentries:\n  - id: e\n    tool: screenconnect\n${lines.replace(/^/gm, '    ')}\n`

const codes = (text: string): readonly string[] => read(text).diagnostics.map(({ code }) => code)

const checked = (text: string): readonly string[] =>
  checkPolicy(read(text).policy, Date.UTC(2026, 1, 1) * 1000)
    .filter(({ severity }) => severity !== 'note')
    .map(({ code }) => code)

const schema = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(new URL('../../content/published/policy.schema.json', import.meta.url), 'utf8')),
)

const SOUND = [
  'policy: 1',
  'policy: 1\nname: Us\ntimezone: Europe/Oslo\nentries: []',
  entry('tenant: { relay_host: a.example }'),
  entry('tenant:\n  - { relay_host: [a.example, b.example] }\n  - { instance_id: 0123456789abcdef }'),
  entry(
    'paths: ["C:\\\\Program Files\\\\*"]\nsigners: Us\nhosts: [WS-1, 10.1.0.0/16]\nusers: svc\nparents: a.exe\nlaunch: service',
  ),
  entry('windows: { days: Mon-Fri, from: "07:00", to: "18:00", timezone: UTC }'),
  entry('windows:\n  - { days: [Sat, Sun] }\n  - { from: "22:00", to: "06:00" }'),
  entry('expires: "2026-12-31"\nticket: CHG-1\nowner: me\ncomment: yes\nconfirmed: false\naccept-not-shown: [signers]'),
  'policy: 1\ngroups: { a: [X-*], b: { hosts: Y, networks: 10.0.0.0/8, files: desks.txt } }',
  'policy: 1\nprohibited:\n  - { id: p, category: VNC }',
]

const BROKEN: readonly (readonly [string, string])[] = [
  ['name: Us', 'policy-missing-key'],
  ['policy: 2', 'policy-wrong-value'],
  ['policy: 1\nentrys: []', 'policy-unknown-key'],
  ['policy: 1\nentries: { id: a }', 'policy-wrong-value'],
  ['policy: 1\nentries:\n  - { tool: screenconnect }', 'policy-missing-key'],
  ['policy: 1\nentries:\n  - { id: a }', 'policy-missing-key'],
  [entry('pathes: x'), 'policy-unknown-key'],
  [entry('tenant: {}'), 'policy-wrong-value'],
  [entry('tenant: us'), 'policy-wrong-value'],
  [entry('paths: []'), 'policy-wrong-value'],
  [entry('paths: [{ a: b }]'), 'policy-wrong-value'],
  [entry('windows: { from: "7", to: "8:00" }'), 'policy-wrong-value'],
  [entry('confirmed: perhaps'), 'policy-wrong-value'],
  [entry('accept-not-shown: everything'), 'policy-wrong-value'],
  [entry('expires: soon'), 'policy-wrong-value'],
  ['policy: 1\nprohibited:\n  - { id: p, tool: anydesk, confirmed: true }', 'policy-unknown-key'],
]

const BEYOND_SCHEMA: readonly (readonly [string, string])[] = [
  ['policy: 1\ntimezone: Mars/Base', 'policy-wrong-value'],
  ['policy: 1\nentries:\n  - { id: a, tool: anydesc }', 'policy-unknown-name'],
  ['policy: 1\nentries:\n  - { id: a, category: none }', 'policy-unknown-name'],
  ['policy: 1\nentries:\n  - { id: a, tool: anydesk }\n  - { id: A, tool: anydesk }', 'policy-twice'],
  [entry('hosts: 10.0.0.0/33'), 'policy-wrong-value'],
  [entry('windows: { days: Someday }'), 'policy-wrong-value'],
  ['policy: 1\ngroups: { a: { files: none.txt } }', 'policy-file-not-read'],
  ['policy: 1\ngroups: { a: { files: bad.txt } }', 'policy-file-not-read'],
  ['policy: 1\ngroups: { Desks: [X] }\nentries:\n  - { id: a, tool: anydesk, hosts: desks }', 'policy-unknown-name'],
]

describe('a policy file', () => {
  test.each(SOUND)('is read, as its schema says: %s', (text) => {
    expect(codes(text)).toEqual([])
    expect(schema(parse(text)), JSON.stringify(schema.errors)).toBe(true)
  })

  test.each(BROKEN)('is refused with a place, as its schema says: %s', (text, code) => {
    const { diagnostics } = read(text)
    expect(diagnostics.map((each) => each.code)).toContain(code)
    expect(diagnostics.every(({ span }) => span !== undefined && span.end <= text.length)).toBe(true)
    expect(schema(parse(text))).toBe(false)
  })

  test.each(BEYOND_SCHEMA)('is refused for what no schema can say: %s', (text, code) => {
    expect(codes(text)).toContain(code)
  })

  test.each(['', '- a', 'a: [', '\u0000', '%', 'policy: 1\npolicy: 1', '&a [*a]', '"', '{'.repeat(3000)])(
    'that is none is told, never thrown: %j',
    (text) => {
      expect(read(text).diagnostics.length).toBeGreaterThan(0)
      expect(read(text).policy.entries).toEqual([])
    },
  )

  test('says the line and marks the word', () => {
    const text = entry('signer: Us')
    expect(renderDiagnostic(read(text).diagnostics[0]!, { name: 'policy.yaml', text })).toBe(
      [
        'error[policy-unknown-key]: `signer` is no known name here; a constraint that is not understood must not fall away',
        '  policy.yaml:5:5',
        '5 |     signer: Us',
        '        ^^^^^^ closest match is `signers`',
      ].join('\n'),
    )
  })

  test('keeps an id that looks like a number as it is written', () => {
    const [terms] = read(entry('tenant: { instance_id: 0123456789012345 }')).policy.entries[0]!.tenant!
    expect(terms!.get('instance_id')![0]!.text).toBe('0123456789012345')
  })

  test('takes anchors and what merges nothing', () => {
    const text = 'policy: 1\ngroups: { a: &hosts [X-*] }\nentries:\n  - { id: e, tool: anydesk, hosts: *hosts }'
    expect(read(text).policy.entries[0]!.hosts).toHaveLength(1)
  })
})

describe('the check of a policy', () => {
  test.each([
    ['owner: me', 'policy-name-alone'],
    ['hosts: WS-1\nusers: me', 'policy-name-alone'],
    ['paths: "*"', 'policy-name-alone'],
    ['paths: "C:\\\\Program Files\\\\*"', 'policy-without-tenant'],
    ['tenant: { relay_host: "*" }', 'policy-any-tenant'],
    ['tenant: { relay_host: "*.screenconnect.com" }', 'policy-any-tenant'],
    ['tenant: { relay_host: "instance-*-relay.screenconnect.com" }', 'policy-any-tenant'],
    ['tenant: { relay_port: 443 }', 'policy-any-tenant'],
    ['tenant: { mesh_id: abc }', 'policy-unknown-tenant-fact'],
    ['tenant: { relay_host: a.example }\nexpires: 2026-01-31', 'policy-ended'],
    ['tenant: { relay_host: a.example }\nconfirmed: false', 'policy-not-confirmed'],
    ['tenant: { relay_host: a.example }\naccept-not-shown: tenant', 'policy-blind'],
  ])('warns of %j', (lines, code) => {
    expect(checked(entry(lines))).toContain(code)
  })

  test.each([
    'tenant: { relay_host: support.us.example, relay_port: 8041 }',
    'tenant: { relay_host: instance-a1b2c3-relay.screenconnect.com }',
    'tenant: { relay_host: "*.us.example" }',
  ])('has nothing to say of %j', (lines) => {
    expect(checked(entry(lines))).toEqual([])
  })
})
