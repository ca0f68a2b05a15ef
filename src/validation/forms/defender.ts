import { loadContent } from '../../content/load.js'
import type { NeutralEvent } from '../events.js'
import { digest } from '../random.js'
import { type Account, contentOf, fileName, hashesOf, type Process, type Program } from '../world.js'

export interface DefenderRow {
  readonly table: string
  readonly time: number
  readonly cells: Readonly<Record<string, string | number | boolean>>
}

let columns: Readonly<Record<string, readonly string[]>> | undefined

/** Columns of every table, in the order of the product. */
export function defenderColumns(): Readonly<Record<string, readonly string[]>> {
  columns ??= Object.assign({}, ...loadContent<Record<string, readonly string[]>>('forms')) as Record<
    string,
    readonly string[]
  >
  return columns
}

/** What the sensor of Microsoft Defender for Endpoint reports about an event, as advanced hunting shows it. */
export function defenderRows(event: NeutralEvent): DefenderRow[] {
  switch (event.kind) {
    case 'process-start':
      return [
        row(event, 'DeviceProcessEvents', 'ProcessCreated', {
          ...created(event.process),
          ...initiating(event.process.parent),
          ...signer(event.process.parent),
        }),
      ]
    case 'connection':
      return [
        row(event, 'DeviceNetworkEvents', 'ConnectionSuccess', {
          RemoteIP: event.ip,
          RemotePort: event.port,
          RemoteUrl: event.name,
          LocalIP: event.host.ip,
          LocalPort: event.localPort,
          Protocol: event.protocol === 'tcp' ? 'Tcp' : 'Udp',
          LocalIPType: 'Private',
          RemoteIPType: event.ip.startsWith('10.') ? 'Private' : 'Public',
          ...initiating(event.process),
        }),
      ]
    case 'dns':
      return [
        row(event, 'DeviceEvents', 'DnsQueryResponse', {
          ...initiating(event.process),
          AdditionalFields: JSON.stringify({
            DnsQueryString: event.name,
            DnsQueryResult: [{ Result: event.answer, DnsQueryType: 'A' }],
          }),
        }),
      ]
    case 'file-write':
      return [
        row(event, 'DeviceFileEvents', 'FileCreated', {
          ...file(event.path, event.hashOf),
          FileOriginUrl: event.url ?? '',
          FileOriginReferrerUrl: event.referrer ?? '',
          ...initiating(event.process),
          RequestProtocol: 'Local',
          ...request(event.process.user),
          AdditionalFields: JSON.stringify({
            FileType: /\.(exe|dll)$/i.test(event.path) ? 'PortableExecutable' : 'Unknown',
          }),
        }),
      ]
    case 'file-delete':
      return [
        row(event, 'DeviceFileEvents', 'FileDeleted', {
          ...file(event.path, event.path),
          ...initiating(event.process),
          RequestProtocol: 'Local',
          ...request(event.process.user),
        }),
      ]
    case 'registry-set':
      return [
        row(event, 'DeviceRegistryEvents', 'RegistryValueSet', {
          RegistryKey: event.key
            .replace(/^HKLM\\/, 'HKEY_LOCAL_MACHINE\\')
            .replace(/^HKCU\\/, `HKEY_CURRENT_USER\\${event.process.user.sid}\\`),
          RegistryValueType: event.data.startsWith('DWORD') ? 'Dword' : 'String',
          RegistryValueName: event.value,
          RegistryValueData: event.data,
          ...initiating(event.process),
        }),
      ]
    case 'service-install': {
      const path = /^"([^"]*)"|^(\S+)/.exec(event.command)?.slice(1).find(Boolean) ?? event.command
      const about = {
        ServiceName: event.name,
        ServiceAccount: event.account,
        ServiceStartType: event.start === 'demand start' ? 3 : 2,
        ServiceType: 16,
      }
      return [
        row(event, 'DeviceEvents', 'ServiceInstalled', {
          ...file(path, path),
          ...initiating(event.process),
          AdditionalFields: JSON.stringify(about),
        }),
      ]
    }
    case 'task-register':
      return [
        row(event, 'DeviceEvents', 'ScheduledTaskCreated', {
          AdditionalFields: JSON.stringify({ TaskName: event.name, TaskContent: event.command }),
        }),
      ]
    case 'script':
      return [
        row(event, 'DeviceEvents', 'PowerShellCommand', {
          ...initiating(event.process),
          AdditionalFields: JSON.stringify({ Command: event.text }),
        }),
      ]
    case 'pipe':
      return [
        row(event, 'DeviceEvents', 'NamedPipeEvent', {
          ...initiating(event.process),
          AdditionalFields: JSON.stringify({ PipeName: `\\Device\\NamedPipe${event.name}`, NamedPipeEnd: 'Server' }),
        }),
      ]
    case 'logon':
      return [
        row(event, 'DeviceLogonEvents', 'LogonSuccess', {
          LogonType: { 2: 'Interactive', 3: 'Network', 10: 'RemoteInteractive' }[event.type] ?? 'Unknown',
          ...account(event.user),
          Protocol: event.type === 3 ? 'Kerberos' : 'Negotiate',
          IsLocalAdmin: event.user.isAdmin,
          LogonId: event.user.logonId,
          RemoteDeviceName: event.fromName === event.host.name ? '' : event.fromName,
          RemoteIP: event.fromIp.startsWith('10.') ? event.fromIp : '',
          RemoteIPType: event.fromIp.startsWith('10.') ? 'Private' : '',
          ...initiating(event.process),
        }),
      ]
    case 'process-end':
    case 'service-state':
    case 'service-start-type':
    case 'msi':
    case 'app-log':
    case 'task-run':
    case 'task-end':
    case 'logoff':
    case 'ticket':
    case 'share-access':
    case 'rdp-client':
    case 'update':
    case 'boot':
    case 'shutdown':
      return []
  }
}

/** One table as the portal exports it: every column, empty where there is nothing. `localised`: times as a grid set to English shows them. */
export function defenderCsv(table: string, rows: readonly DefenderRow[], localised: boolean): string {
  const columns = defenderColumns()[table]
  if (!columns) throw new Error(`no columns for ${table}`)
  const lines = rows.map(({ cells, time }, index) => {
    const all: DefenderRow['cells'] = {
      ...cells,
      Timestamp: localised ? gridTime(time) : sevenDigits(time),
      ReportId: 40_000 + index * 3,
    }
    for (const name of Object.keys(all)) if (!columns.includes(name)) throw new Error(`${table} has no column ${name}`)
    return columns.map((name) => quote(String(all[name] ?? ''))).join(',')
  })
  return `\uFEFF${[columns.join(','), ...lines].join('\r\n')}\r\n`
}

function row(event: NeutralEvent, table: string, action: string, cells: DefenderRow['cells']): DefenderRow {
  const device = { DeviceId: digest('sha1', event.host.fqdn), DeviceName: event.host.fqdn, ActionType: action }
  return { table, time: event.time, cells: { ...device, ...cells } }
}

function created(process: Process) {
  const hashes = hashesOf(contentOf(process.program))
  return {
    FileName: fileName(process.path),
    FolderPath: process.path,
    SHA1: hashes.sha1,
    SHA256: hashes.sha256,
    MD5: hashes.md5,
    FileSize: sizeOf(process.program),
    ...versionInfo('ProcessVersionInfo', process.program),
    ProcessId: process.pid,
    ProcessCommandLine: process.command,
    ProcessIntegrityLevel: process.integrity,
    ProcessTokenElevation: elevation(process),
    ProcessCreationTime: sevenDigits(process.started),
    ...account(process.user),
    AccountUpn: process.user.upn,
    LogonId: process.user.logonId,
    CreatedProcessSessionId: process.user.session,
    IsProcessRemoteSession: false,
  }
}

function initiating(process: Process | undefined): DefenderRow['cells'] {
  if (!process) return {}
  const hashes = hashesOf(contentOf(process.program))
  return {
    InitiatingProcessAccountDomain: process.user.domain.toLowerCase(),
    InitiatingProcessAccountName: process.user.name.toLowerCase(),
    InitiatingProcessAccountSid: process.user.sid,
    InitiatingProcessAccountUpn: process.user.upn,
    InitiatingProcessSHA1: hashes.sha1,
    InitiatingProcessSHA256: hashes.sha256,
    InitiatingProcessMD5: hashes.md5,
    InitiatingProcessFileName: fileName(process.path),
    InitiatingProcessFileSize: sizeOf(process.program),
    ...versionInfo('InitiatingProcessVersionInfo', process.program),
    InitiatingProcessId: process.pid,
    InitiatingProcessCommandLine: process.command,
    InitiatingProcessCreationTime: sevenDigits(process.started),
    InitiatingProcessFolderPath: process.path.toLowerCase(),
    InitiatingProcessParentId: process.parent?.pid ?? 0,
    InitiatingProcessParentFileName: process.parent ? fileName(process.parent.path) : '',
    InitiatingProcessParentCreationTime: process.parent ? sevenDigits(process.parent.started) : '',
    InitiatingProcessSessionId: process.user.session,
    IsInitiatingProcessRemoteSession: false,
  }
}

function signer(process: Process | undefined) {
  return {
    InitiatingProcessSignerType: process?.program.company === 'Microsoft Corporation' ? 'OsVendor' : 'Unknown',
    InitiatingProcessSignatureStatus: 'Valid',
  }
}

function versionInfo(prefix: string, program: Program) {
  return {
    [`${prefix}CompanyName`]: program.company ?? '',
    [`${prefix}ProductName`]: program.product ?? '',
    [`${prefix}ProductVersion`]: program.version?.replace(/ .*/, '') ?? '',
    [`${prefix}InternalFileName`]: program.original?.replace(/\.exe$/i, '') ?? '',
    [`${prefix}OriginalFileName`]: program.original ?? '',
    [`${prefix}FileDescription`]: program.description ?? '',
  }
}

function file(path: string, content: string) {
  const hashes = hashesOf(content)
  return {
    FileName: fileName(path),
    FolderPath: path,
    SHA1: hashes.sha1,
    SHA256: hashes.sha256,
    MD5: hashes.md5,
    FileSize: 4096 + (Number.parseInt(hashes.md5.slice(0, 5), 16) % 900_000),
  }
}

const account = (user: Account) => ({
  AccountDomain: user.domain.toLowerCase(),
  AccountName: user.name.toLowerCase(),
  AccountSid: user.sid,
})
const request = (user: Account) => ({
  RequestAccountName: user.name,
  RequestAccountDomain: user.domain,
  RequestAccountSid: user.sid,
})
const sizeOf = (program: Program) =>
  20_480 + (Number.parseInt(digest('md5', contentOf(program)).slice(0, 6), 16) % 9_000_000)

function elevation(process: Process): string {
  if (process.integrity === 'High') return 'TokenElevationTypeFull'
  return process.integrity === 'System' ? 'TokenElevationTypeDefault' : 'TokenElevationTypeLimited'
}

function sevenDigits(micros: number): string {
  return `${new Date(micros / 1000).toISOString().slice(0, 19)}.${String(micros % 1e6).padStart(6, '0')}0Z`
}

/** `Feb 5, 2026 9:12:41 AM` */
function gridTime(micros: number): string {
  const date = new Date(micros / 1000)
  const month = ['Jan', 'Feb', 'Mar'][date.getUTCMonth()]
  const hour = date.getUTCHours()
  const clock = `${hour % 12 === 0 ? 12 : hour % 12}:${date.toISOString().slice(14, 19)} ${hour < 12 ? 'AM' : 'PM'}`
  return `${month} ${date.getUTCDate()}, ${date.getUTCFullYear()} ${clock}`
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
