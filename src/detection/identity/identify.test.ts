import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { identify } from './identify.js'
import type { Observation } from './observation.js'

/** `id confidence state` of every tool that is named. */
const named = (observation: Observation) =>
  identify(observation)
    .filter((found) => found.named)
    .map(({ tool, confidence, state }) => `${tool.id} ${confidence} ${state}`)

const ran = (process_file_path: string, rest: Partial<Observation> = {}) =>
  named({ class: 'process', activity: 'launch', process_file_path, ...rest })

describe('a program', () => {
  it('is certain by its signer whatever it is called', () => {
    expect(ran('C:\\Users\\a\\invoice.exe', { process_file_signer: 'AnyDesk Software GmbH' })).toEqual([
      'anydesk certain at work',
    ])
  })

  it('is less than certain where the signature does not hold', () => {
    const broken = { process_file_signer: 'AnyDesk Software GmbH', process_file_signature_status: 'Invalid' }
    expect(ran('C:\\Users\\a\\invoice.exe', broken)).toEqual(['anydesk high at work'])
  })

  it('is known by publisher and product under another name', () => {
    const resource = { process_file_company: 'NetSupport Ltd', process_file_product: 'NetSupport Remote Control' }
    expect(ran('C:\\ProgramData\\SchCache\\mswow86.exe', resource)).toEqual(['netsupport high at work'])
    expect(ran('C:\\x\\mswow86.exe', { ...resource, process_file_original_name: 'client32.exe' })).toEqual([
      'netsupport certain at work',
    ])
  })

  it('is known by its original name alone, with less confidence', () => {
    expect(ran('C:\\x\\update.exe', { process_file_original_name: 'client32.exe' })).toEqual([
      'netsupport medium at work',
    ])
  })

  it.each([
    'anydesk.exe',
    'ANYDESK.EXE',
    'AnyDesk (1).exe',
    'AnyDesk - Copy.exe',
    'AnyDesk - Copy (2).exe',
    'AnyDesk-7.0.14.exe',
    'AnyDesk-1a2b3c4d.exe',
  ])('is known by its name written %s', (name) => {
    expect(ran(`C:\\Users\\a\\Downloads\\${name}`)).toEqual(['anydesk medium at work'])
  })

  it('is surer in the folder its installer makes, on any drive and in either Program Files', () => {
    for (const folder of ['C:\\Program Files (x86)', 'D:\\Program Files', '\\Device\\HarddiskVolume3\\Program Files'])
      expect(ran(`${folder}\\AnyDesk\\AnyDesk.exe`)).toEqual(['anydesk high at work'])
  })

  it('is not known by a part of a name', () => {
    for (const name of ['myanydesk.exe', 'anydesk.exe.txt', 'xanydesk', 'anydesk.exebak'])
      expect(ran(`C:\\x\\${name}`)).toEqual([])
  })

  it('is not known by a generic, shared, short or wildcard name alone', () => {
    for (const name of ['agent.exe', 'rutserv.exe', 'connect.exe', 'rdp.exe', 'level.exe', 'screenconnect.foo.exe'])
      expect(ran(`C:\\x\\${name}`)).toEqual([])
  })

  it('is known by such a name together with publisher, product or folder', () => {
    expect(ran('C:\\Program Files\\Level\\level.exe')).toEqual(['level medium at work'])
    expect(ran('C:\\Program Files\\Remote Utilities\\rutserv.exe')).toEqual(['remote-utilities medium at work'])
    expect(ran('C:\\x\\rdp.exe', { process_file_product: 'Remote Desktop Plus' })).toEqual([
      'remote-desktop-plus medium at work',
    ])
  })

  it('is not known by a name that its own version resource denies', () => {
    const windows = { process_file_company: 'Microsoft Corporation', process_file_product: 'Microsoft® Windows®' }
    expect(ran('C:\\x\\anydesk.exe', windows)).toEqual([])
    expect(ran('C:\\x\\anydesk.exe', { process_file_company: 'Other Ltd', process_file_product: 'Other' })).toEqual([])
  })

  it('reads a dash as nothing', () => {
    const blank = { process_file_company: '-', process_file_product: '?', process_file_original_name: '-' }
    expect(ran('C:\\x\\anydesk.exe', blank)).toEqual(['anydesk medium at work'])
  })

  it('is only the tool that its version resource names, not the one its name borrows', () => {
    const resource = { process_file_company: 'ScreenConnect Software', process_file_product: 'ScreenConnect' }
    expect(ran('C:\\x\\anydesk.exe', resource)).toEqual(['screenconnect high at work'])
  })

  it('is not known by a publisher that also sells other things', () => {
    for (const signer of ['Google LLC', 'Microsoft Corporation', 'ZOHO Corporation Private Limited', 'Famatech Corp.'])
      expect(ran('C:\\x\\y.exe', { process_file_signer: signer, process_file_company: signer })).toEqual([])
  })

  it('is not known by a signer that the catalogue suspects', () => {
    expect(ran('C:\\x\\y.exe', { process_file_signer: 'win.rar GmbH' })).toEqual([])
  })

  it('is not the tool whose name is the end of its publisher’s', () => {
    expect(
      ran('C:\\Autodesk\\x.exe', { process_file_company: 'Autodesk, Inc.', process_file_product: 'Autodesk Access' }),
    ).toEqual([])
    expect(ran('C:\\x\\todesk.exe', { process_file_company: 'Autodesk, Inc.' })).toEqual([])
    expect(ran('C:\\x\\todesk.exe')).toEqual(['todesk medium at work'])
  })

  it('is known as a parent', () => {
    expect(ran('C:\\Windows\\System32\\cmd.exe', { parent_process_file_path: 'C:\\x\\AteraAgent.exe' })).toEqual([
      'atera medium at work',
    ])
  })

  it('is known on Linux by a name without extension', () => {
    expect(ran('/usr/bin/rustdesk')).toEqual(['rustdesk medium at work'])
    expect(ran('C:\\x\\rustdesk')).toEqual([])
    expect(ran('/usr/bin/level')).toEqual([])
  })

  it('bears the role the catalogue gives it', () => {
    const path = 'C:\\Program Files (x86)\\ScreenConnect Client (0123456789abcdef)\\ScreenConnect.ClientService.exe'
    expect(identify({ class: 'process', process_file_path: path })[0]?.role).toBe('agent')
  })

  it('takes no harm from hostile text', () => {
    const long = `${'a\\'.repeat(50_000)}${' '.repeat(50_000)}b`
    const observation = { class: 'process', process_file_path: long, process_file_company: long, service_name: long }
    expect(named({ ...observation, url: long, query_hostname: '.'.repeat(9999), reg_target: long })).toEqual([])
    expect(named({ class: 'process', process_file_path: '__proto__', process_file_company: 'constructor' })).toEqual([])
  })
})

describe('Windows itself', () => {
  it.each([
    'System32\\dwm.exe',
    'System32\\SearchFilterHost.exe',
    'System32\\BackgroundTransferHost.exe',
    'servicing\\TrustedInstaller.exe',
    'System32\\wbem\\WmiApSrv.exe',
    'System32\\CompPkgSrv.exe',
    'System32\\WaaSMedicAgent.exe',
    'System32\\netsh.exe',
    'System32\\wsmprovhost.exe',
    'System32\\fontdrvhost.exe',
    'System32\\OneDriveSetup.exe',
    'System32\\anydesk.exe',
    'setup.exe',
  ])('%s is no tool', (path) => {
    expect(ran(`C:\\Windows\\${path}`)).toEqual([])
  })

  it('has remote access programs of its own, which are told apart by their tier', () => {
    for (const name of ['raserver.exe', 'msra.exe', 'mstsc.exe', 'quickassist.exe']) {
      const [found] = identify({
        class: 'process',
        process_file_path: `C:\\Windows\\System32\\${name}`,
        process_file_company: 'Microsoft Corporation',
        process_file_product: 'Microsoft® Windows® Operating System',
      })
      expect([found?.named, found?.tool.tier]).toEqual([true, 'built-in'])
    }
  })

  it('has services that contain the names of tools', () => {
    for (const service_name of ['VaultSvc', 'UplinkBps', 'Itanium', 'vncserver', 'Level', 'RPCService'])
      expect(named({ class: 'service', service_name })).toEqual([])
  })
})

describe('a service', () => {
  it('is known by its name, and surer with its file', () => {
    expect(named({ class: 'service', activity: 'install', service_name: 'TeamViewer' })).toEqual([
      'teamviewer medium at work',
    ])
    const service_file_path = '"C:\\Program Files\\TeamViewer\\TeamViewer_Service.exe"'
    expect(named({ class: 'service', service_name: 'TeamViewer', service_file_path })).toEqual([
      'teamviewer high at work',
    ])
  })

  it('is known by a pattern where each instance has its own name', () => {
    expect(named({ class: 'service', service_name: 'ScreenConnect Client (0123456789abcdef)' })).toEqual([
      'screenconnect medium at work',
    ])
    expect(named({ class: 'service', service_name: 'ScreenConnect Client (xyz)' })).toEqual([])
  })
})

describe('a host', () => {
  it('is the vendor’s, or below it at a dot', () => {
    expect(named({ class: 'dns', query_hostname: 'relay-1a2b3c4d.net.anydesk.com' })).toEqual([
      'anydesk medium at work',
    ])
    expect(named({ class: 'network', url: 'https://user@boot.net.anydesk.com:443/x?y' })).toEqual([
      'anydesk medium at work',
    ])
    for (const query_hostname of ['notanydesk.com', 'boot.net.anydesk.com.evil.example', 'anydesk.comx'])
      expect(identify({ class: 'dns', query_hostname })).toEqual([])
  })

  it('names nothing where a person reads the vendor’s pages', () => {
    expect(named({ class: 'dns', query_hostname: 'www.anydesk.com' })).toEqual([])
    expect(named({ class: 'dns', query_hostname: 'anydesk.com' })).toEqual([])
    const process_file_path = 'C:\\Program Files\\Mozilla Firefox\\firefox.exe'
    expect(named({ class: 'dns', query_hostname: 'boot.net.anydesk.com', process_file_path })).toEqual([])
  })

  it('names nothing where everybody’s or an attacker’s server is meant', () => {
    for (const query_hostname of [
      'raw.githubusercontent.com',
      'github.com',
      'learn.microsoft.com',
      'dronemaker.org',
      'x.blob.core.windows.net',
    ])
      expect(identify({ class: 'dns', query_hostname })).toEqual([])
  })

  it('is independent of the name of the program that calls it', () => {
    const found = named({
      class: 'dns',
      query_hostname: 'boot.net.anydesk.com',
      process_file_path: 'C:\\x\\anydesk.exe',
    })
    expect(found).toEqual(['anydesk high at work'])
  })

  it('is not a port', () => {
    expect(identify({ class: 'network', dst_port: 5938 })).toEqual([])
    const [found] = identify({ class: 'network', dst_port: 5938, process_file_path: 'C:\\x\\TeamViewer.exe' })
    expect(found?.evidence.map(({ kind }) => kind)).toEqual(['executable', 'port'])
  })
})

describe('a log', () => {
  it('that the tool writes itself is certain', () => {
    for (const [log_provider, id] of [
      ['ScreenConnect', 'screenconnect'],
      ['ScreenConnect Client (0123456789abcdef)', 'screenconnect'],
      ['chromoting', 'chrome-remote-desktop'],
      ['VNC Server', 'realvnc'],
      ['UltraVNC', 'ultravnc'],
      ['LogMeIn', 'logmein'],
      ['Splashtop-Splashtop Streamer-Remote Session', 'splashtop'],
    ])
      expect(named({ class: 'app_log', log_provider })).toEqual([`${id} certain at work`])
  })

  it('of anything else says nothing', () => {
    for (const log_provider of ['Microsoft-Windows-Sysmon', 'ScreenConnect Client', 'MsiInstaller', 'VNC'])
      expect(identify({ class: 'app_log', log_provider })).toEqual([])
  })
})

describe('a package', () => {
  it('is known by product and vendor', () => {
    const product_name = 'ScreenConnect Client (0123456789abcdef)'
    expect(
      named({ class: 'installer', activity: 'install', product_name, product_vendor: 'ScreenConnect Software' }),
    ).toEqual(['screenconnect high at work'])
    expect(named({ class: 'installer', activity: 'install', product_name })).toEqual(['screenconnect medium at work'])
  })
})

describe('a trace', () => {
  it('is a file with the name of a tool’s program', () => {
    expect(
      named({
        class: 'file',
        activity: 'create',
        file_path: 'C:\\Users\\a\\Downloads\\AnyDesk.exe',
        process_file_path: 'C:\\x\\chrome.exe',
      }),
    ).toEqual(['anydesk medium trace'])
  })

  it('becomes work where the tool writes it', () => {
    const file_path = 'C:\\Users\\a\\AppData\\Roaming\\AnyDesk\\service.conf.new'
    expect(
      named({ class: 'file', activity: 'create', file_path, process_file_path: 'C:\\Users\\a\\Desktop\\AnyDesk.exe' }),
    ).toEqual(['anydesk medium at work'])
  })

  it('is not a file that somebody only asked for', () => {
    for (const file_name of ['ultravnc.ini', 'AnyDesk.exe', 'RDCMan.exe', 'confCons.xml'])
      expect(identify({ class: 'file', activity: 'access', file_path: `Users\\a\\${file_name}`, file_name })).toEqual(
        [],
      )
  })

  it('is not a name inside a name', () => {
    const file_name = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}_quickassist_exe'
    expect(identify({ class: 'file', activity: 'delete', file_path: `C:\\x\\${file_name}`, file_name })).toEqual([])
  })

  it('is the key of a tool’s service', () => {
    const reg_target = 'HKLM\\System\\CurrentControlSet\\Services\\ScreenConnect Client (0123456789abcdef)\\ImagePath'
    expect(named({ class: 'registry', reg_target })).toEqual(['screenconnect medium trace'])
  })

  it('of any other part of the registry names nothing', () => {
    const [found] = identify({
      class: 'registry',
      reg_target: 'HKLM\\SOFTWARE\\Clients\\Media\\AnyDesk',
    })
    expect([found?.tool.id, found?.named, found?.state]).toEqual(['anydesk', false, 'trace'])
  })
})

interface Program {
  readonly path: string
  readonly company?: string
  readonly product?: string
  readonly description?: string
  readonly original?: string
}

const programsOf = (file: string) =>
  Object.entries(
    (parse(readFileSync(`content/programs/${file}`, 'utf8')) as { programs: Record<string, Program> }).programs,
  )
const observe = ({ path, company, product, original }: Program): Observation => ({
  class: 'process',
  process_file_path: path.replace('<hex.instance>', '0123456789abcdef').replace('<user.profile>', 'C:\\Users\\a'),
  process_file_company: company,
  process_file_product: product,
  process_file_original_name: original,
})

describe('the programs of the scenarios', () => {
  it.each(readdirSync('content/programs').filter((file) => !file.startsWith('remote-access')))(
    '%s: none is a remote access tool',
    (file) => {
      for (const [name, program] of programsOf(file)) {
        const found = identify(observe(program)).filter((one) => one.named && one.tool.tier === 'remote-access')
        expect(found.map(({ tool }) => `${name}: ${tool.id}`)).toEqual([])
      }
    },
  )

  it('remote-access.yaml: each is named with high confidence or better, by no more than a name with medium', () => {
    for (const [name, program] of programsOf('remote-access.yaml')) {
      const [found] = identify(observe(program))
      const says = program.company !== undefined || program.product !== undefined
      expect(`${name}: ${found?.confidence}`).toMatch(says ? /: (high|certain)$/ : /: (medium|high|certain)$/)
    }
  })
})
