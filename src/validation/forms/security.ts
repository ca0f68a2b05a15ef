import type { EventOf, NeutralEvent } from '../events.js'
import { guidOf } from '../random.js'
import type { Account, Host, Process } from '../world.js'
import { type DataField, fields, hex, type WindowsRecord } from './windows-record.js'

export interface AuditSettings {
  /** "Include command line in process creation events": off by default in Windows. */
  readonly commandLines: boolean
}

/** What the Security log says about an event. */
export function securityRecords(event: NeutralEvent, settings: AuditSettings): WindowsRecord[] {
  switch (event.kind) {
    case 'process-start':
      return [record(event, 4688, 13312, 2, processStart(event.process, settings))]
    case 'process-end':
      return [
        record(
          event,
          4689,
          13313,
          0,
          fields({ ...subject(event.process.user, event.host), Status: ['0x0', 'hex32'], ...process(event.process) }),
        ),
      ]
    case 'logon':
      return event.user.isAdmin
        ? [record(event, 4624, 12544, 2, logon(event)), record(event, 4672, 12548, 0, privileges(event.user))]
        : [record(event, 4624, 12544, 2, logon(event))]
    case 'logoff':
      return [record(event, 4634, 12545, 0, fields({ ...target(event.user), LogonType: event.type }))]
    case 'service-install': {
      const start = event.start === 'demand start' ? 3 : 2
      return [
        record(
          event,
          4697,
          12289,
          1,
          fields({
            ...subject(event.actor, event.host),
            ServiceName: event.name,
            ServiceFileName: event.command,
            ServiceType: ['0x10', 'hex32'],
            ServiceStartType: start,
            ServiceAccount: event.account,
          }),
        ),
      ]
    }
    case 'task-register':
      return [
        record(
          event,
          4698,
          12804,
          0,
          fields({
            ...subject(event.actor, event.host),
            TaskName: event.name,
            TaskContent: taskXml(event.command, event.actor),
          }),
        ),
      ]
    case 'ticket':
      return [record(event, 4768, 14339, 0, ticketGranting(event)), record(event, 4769, 14337, 0, ticketService(event))]
    case 'share-access':
      return [
        event.file === undefined
          ? record(event, 5140, 12808, 1, share(event))
          : record(event, 5145, 12811, 0, shareFile(event, event.file)),
      ]
    case 'file-write':
    case 'file-delete':
    case 'dns':
    case 'connection':
    case 'registry-set':
    case 'service-state':
    case 'service-start-type':
    case 'msi':
    case 'app-log':
    case 'task-run':
    case 'task-end':
    case 'script':
    case 'pipe':
    case 'rdp-client':
    case 'update':
    case 'boot':
    case 'shutdown':
      return []
  }
}

function record(event: NeutralEvent, eventId: number, task: number, version: number, data: DataField[]): WindowsRecord {
  return {
    provider: { name: 'Microsoft-Windows-Security-Auditing', guid: '{54849625-5478-4994-a5ba-3e3b0328c30d}' },
    channel: 'Security',
    eventId,
    version,
    level: 0,
    task,
    opcode: 0,
    keywords: '0x8020000000000000',
    time: event.time + 700,
    computer: event.host.fqdn,
    processId: 4,
    threadId: 212,
    data,
  }
}

function processStart(started: Process, settings: AuditSettings): DataField[] {
  const { parent, user } = started
  const own = parent === undefined || parent.user.logonId === user.logonId
  return fields({
    SubjectUserSid: [(parent ?? started).user.sid, 'sid'],
    SubjectUserName: (parent ?? started).user.name,
    SubjectDomainName: (parent ?? started).user.domain,
    SubjectLogonId: [hex((parent ?? started).user.logonId), 'hex64'],
    NewProcessId: [hex(started.pid), 'hex64'],
    NewProcessName: started.path,
    TokenElevationType: '%%1936',
    ProcessId: [hex(parent?.pid ?? 4), 'hex64'],
    CommandLine: settings.commandLines ? started.command : '',
    TargetUserSid: [own ? 'S-1-0-0' : user.sid, 'sid'],
    TargetUserName: own ? '-' : user.name,
    TargetDomainName: own ? '-' : user.domain,
    TargetLogonId: [own ? '0x0' : hex(user.logonId), 'hex64'],
    ParentProcessName: parent?.path ?? '',
    MandatoryLabel: [LABELS[started.integrity] ?? 'S-1-16-8192', 'sid'],
  })
}

const LABELS: Readonly<Record<string, string>> = {
  Low: 'S-1-16-4096',
  Medium: 'S-1-16-8192',
  High: 'S-1-16-12288',
  System: 'S-1-16-16384',
}

function logon(event: EventOf<'logon'>): DataField[] {
  const network = event.type === 3
  return fields({
    SubjectUserSid: [network ? 'S-1-0-0' : 'S-1-5-18', 'sid'],
    SubjectUserName: network ? '-' : `${event.host.name}$`,
    SubjectDomainName: network ? '-' : event.user.domain,
    SubjectLogonId: [network ? '0x0' : '0x3e7', 'hex64'],
    ...target(event.user),
    LogonType: event.type,
    LogonProcessName: network ? 'Kerberos' : 'User32 ',
    AuthenticationPackageName: network ? 'Kerberos' : 'Negotiate',
    WorkstationName: network ? '-' : event.fromName,
    LogonGuid: [`{${guidOf(`logon ${event.host.name} ${event.time}`)}}`, 'guid'],
    TransmittedServices: '-',
    LmPackageName: '-',
    KeyLength: 0,
    ProcessId: [network ? '0x0' : hex(event.process.pid), 'hex64'],
    ProcessName: network ? '-' : event.process.path,
    IpAddress: event.fromIp,
    IpPort: '0',
    ImpersonationLevel: '%%1833',
    RestrictedAdminMode: '-',
    TargetOutboundUserName: '-',
    TargetOutboundDomainName: '-',
    VirtualAccount: '%%1843',
    TargetLinkedLogonId: ['0x0', 'hex64'],
    ElevatedToken: event.user.isAdmin ? '%%1842' : '%%1843',
  })
}

function privileges(user: Account): DataField[] {
  const held = [
    'SeSecurityPrivilege',
    'SeBackupPrivilege',
    'SeRestorePrivilege',
    'SeTakeOwnershipPrivilege',
    'SeDebugPrivilege',
    'SeImpersonatePrivilege',
  ]
  return fields({ ...subjectOf(user), PrivilegeList: held.join('\r\n\t\t\t') })
}

function ticketGranting(event: EventOf<'ticket'>): DataField[] {
  return fields({
    TargetUserName: event.user.name,
    TargetDomainName: event.user.domain,
    TargetSid: [event.user.sid, 'sid'],
    ServiceName: 'krbtgt',
    ServiceSid: [`${event.user.sid.slice(0, event.user.sid.lastIndexOf('-'))}-502`, 'sid'],
    TicketOptions: ['0x40810010', 'hex32'],
    Status: ['0x0', 'hex32'],
    TicketEncryptionType: ['0x12', 'hex32'],
    PreAuthType: '2',
    IpAddress: `::ffff:${event.fromIp}`,
    IpPort: String(event.port),
    CertIssuerName: '',
    CertSerialNumber: '',
    CertThumbprint: '',
  })
}

function ticketService(event: EventOf<'ticket'>): DataField[] {
  const realm = event.host.fqdn.slice(event.host.fqdn.indexOf('.') + 1).toUpperCase()
  return fields({
    TargetUserName: `${event.user.name}@${realm}`,
    TargetDomainName: realm,
    ServiceName: `${event.service}$`,
    ServiceSid: [
      `${event.user.sid.slice(0, event.user.sid.lastIndexOf('-'))}-${1600 + event.service.length * 7}`,
      'sid',
    ],
    TicketOptions: ['0x40810000', 'hex32'],
    TicketEncryptionType: ['0x12', 'hex32'],
    IpAddress: `::ffff:${event.fromIp}`,
    IpPort: String(event.port + 1),
    Status: ['0x0', 'hex32'],
    LogonGuid: [`{${guidOf(`ticket ${event.service} ${event.time}`)}}`, 'guid'],
    TransmittedServices: '-',
  })
}

function shareOf(event: EventOf<'share-access'>) {
  const local = event.share === 'ADMIN$' ? '\\??\\C:\\Windows' : `\\??\\D:\\${event.share}`
  return {
    ...subjectOf(event.user),
    ObjectType: 'File',
    IpAddress: event.fromIp,
    IpPort: String(event.port),
    ShareName: `\\\\*\\${event.share}`,
    ShareLocalPath: local,
  }
}

function share(event: EventOf<'share-access'>): DataField[] {
  return fields({ ...shareOf(event), AccessMask: ['0x1', 'hex32'], AccessList: '%%4416\r\n\t\t\t\t' })
}

function shareFile(event: EventOf<'share-access'>, file: string): DataField[] {
  const written = event.share === 'ADMIN$'
  return fields({
    ...shareOf(event),
    RelativeTargetName: file,
    AccessMask: [written ? '0x120196' : '0x120089', 'hex32'],
    AccessList: '%%1538\r\n\t\t\t\t%%1541\r\n\t\t\t\t',
    AccessReason: '-',
  })
}

/** A task's definition, as far as logs need it. */
export function taskXml(command: string, user: Account): string {
  const escaped = command.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\r\n  <Principals>\r\n    <Principal id="Author">\r\n      <UserId>${user.sid}</UserId>\r\n    </Principal>\r\n  </Principals>\r\n  <Actions Context="Author">\r\n    <Exec>\r\n      <Command>${escaped}</Command>\r\n    </Exec>\r\n  </Actions>\r\n</Task>`
}

const process = (ended: Process) => ({ ProcessId: [hex(ended.pid), 'hex64'] as const, ProcessName: ended.path })

function subject(account: Account, host: Host) {
  return account.name === 'SYSTEM'
    ? subjectOf({ ...account, name: `${host.name}$`, domain: host.netbios })
    : subjectOf(account)
}

function subjectOf(account: Account) {
  return {
    SubjectUserSid: [account.sid, 'sid'] as const,
    SubjectUserName: account.name,
    SubjectDomainName: account.domain,
    SubjectLogonId: [hex(account.logonId), 'hex64'] as const,
  }
}

function target(account: Account) {
  return {
    TargetUserSid: [account.sid, 'sid'] as const,
    TargetUserName: account.name,
    TargetDomainName: account.domain,
    TargetLogonId: [hex(account.logonId), 'hex64'] as const,
  }
}
