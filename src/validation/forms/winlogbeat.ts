import { guidOf } from '../random.js'
import { fileName, folderOf, type Host } from '../world.js'
import type { WindowsRecord } from './windows-record.js'

/** A Windows event as Winlogbeat 8 ships it: one JSON document. */
export function winlogbeatDocument(record: WindowsRecord, recordId: number, host: Host): object {
  const eventData: Record<string, string> = {}
  let unnamed = 0
  for (const { name, value } of record.data) {
    if (value === '') continue
    eventData[name === '' ? `param${++unnamed}` : name] = value
  }
  if (record.binary) eventData.Binary = record.binary
  const created = new Date(record.time / 1000 + 1400).toISOString()
  return {
    '@timestamp': new Date(record.time / 1000).toISOString(),
    message: message(record),
    host: {
      name: host.fqdn,
      hostname: host.name,
      architecture: 'x86_64',
      id: guidOf(host.fqdn),
      ip: [host.ip],
      os: {
        family: 'windows',
        type: 'windows',
        platform: 'windows',
        name: host.os,
        version: '10.0',
        build: host.build,
        kernel: '10.0.26100.1882',
      },
    },
    agent: {
      name: host.name,
      type: 'winlogbeat',
      version: '8.17.3',
      id: guidOf(`agent ${host.fqdn}`),
      ephemeral_id: guidOf(`run ${host.fqdn}`),
    },
    ecs: { version: '8.0.0' },
    event: { kind: 'event', code: String(record.eventId), provider: record.provider.name, created },
    log: { level: record.level === 2 ? 'error' : record.level === 3 ? 'warning' : 'information' },
    winlog: {
      api: 'wineventlog',
      channel: record.channel,
      computer_name: record.computer,
      event_id: String(record.eventId),
      [record.inUserData ? 'user_data' : 'event_data']: record.inUserData
        ? { ...eventData, xml_name: 'EventXML' }
        : eventData,
      provider_name: record.provider.name,
      ...(record.provider.guid ? { provider_guid: record.provider.guid } : {}),
      ...(record.processId > 0 ? { process: { pid: record.processId, thread: { id: record.threadId } } } : {}),
      record_id: recordId,
      opcode: 'Info',
      version: record.version,
      ...(record.userSid === 'S-1-5-18'
        ? { user: { identifier: 'S-1-5-18', domain: 'NT AUTHORITY', name: 'SYSTEM', type: 'User' } }
        : record.userSid
          ? { user: { identifier: record.userSid } }
          : {}),
    },
  }
}

/** What Elasticsearch's ingest pipeline for Sysmon makes of the document: chief fields are renamed to ECS and leave `event_data`. */
export function ingestedDocument(document: object, record: WindowsRecord): object {
  if (!record.provider.name.endsWith('Sysmon')) return document
  const values = new Map(record.data.map(({ name, value }) => [name, value]))
  const take = (name: string) => {
    const value = values.get(name)
    values.delete(name)
    return value
  }
  // The time goes to `@timestamp`, the rule's name, where there is one, to `rule.name`.
  take('UtcTime')
  take('RuleName')
  const image = take('Image')
  const process: Record<string, unknown> = { entity_id: take('ProcessGuid'), pid: Number(take('ProcessId')) }
  if (image !== undefined) Object.assign(process, { executable: image, name: fileName(image) })
  const ecs: Record<string, unknown> = { process }
  if (record.eventId === 1) {
    const pe: Record<string, unknown> = {
      original_file_name: take('OriginalFileName'),
      company: take('Company'),
      product: take('Product'),
      description: take('Description'),
      file_version: take('FileVersion'),
    }
    const parent = take('ParentImage') ?? ''
    const hash = Object.fromEntries(
      (take('Hashes') ?? '')
        .split(',')
        .map((one) => [one.slice(0, one.indexOf('=')).toLowerCase(), one.slice(one.indexOf('=') + 1).toLowerCase()]),
    )
    pe.imphash = hash.imphash
    const parentOf = {
      entity_id: take('ParentProcessGuid'),
      pid: Number(take('ParentProcessId')),
      executable: parent,
      name: fileName(parent),
      command_line: take('ParentCommandLine'),
    }
    Object.assign(process, {
      command_line: take('CommandLine'),
      working_directory: take('CurrentDirectory'),
      hash: { md5: hash.md5, sha256: hash.sha256 },
      pe,
      parent: parentOf,
    })
    Object.assign(ecs, { user: userOf(values.get('User')) })
  } else if (record.eventId === 3) {
    Object.assign(ecs, {
      network: { transport: take('Protocol'), direction: 'egress', type: 'ipv4' },
      source: { ip: take('SourceIp'), domain: take('SourceHostname'), port: Number(take('SourcePort')) },
      destination: {
        ip: take('DestinationIp'),
        port: Number(take('DestinationPort')),
        ...domain(take('DestinationHostname')),
      },
    })
  } else if (record.eventId === 11) {
    const path = take('TargetFilename') ?? ''
    Object.assign(ecs, {
      file: { path, name: fileName(path), directory: folderOf(path), extension: path.slice(path.lastIndexOf('.') + 1) },
    })
  } else if (record.eventId === 22) {
    Object.assign(ecs, {
      dns: {
        question: { name: take('QueryName') },
        answers: [],
        resolved_ip: [(values.get('QueryResults') ?? '').replace(/^::ffff:|;$/g, '')],
      },
    })
  } else if (record.eventId === 13) {
    const path = values.get('TargetObject') ?? ''
    const hive = path.slice(0, path.indexOf('\\'))
    Object.assign(ecs, {
      registry: {
        path,
        hive,
        key: folderOf(path.slice(hive.length + 1)),
        value: fileName(path),
        data: { strings: [values.get('Details')] },
      },
    })
  }
  const { winlog, event, ...rest } = document as { winlog: object; event: object }
  return {
    ...rest,
    ...ecs,
    event: { ...event, module: 'sysmon' },
    winlog: { ...winlog, event_data: Object.fromEntries(values) },
  }
}

const domain = (name: string | undefined) => (name === undefined || name === '-' ? {} : { domain: name })

function userOf(account: string | undefined) {
  const cut = account?.indexOf('\\') ?? -1
  return account === undefined ? {} : { domain: account.slice(0, cut), name: account.slice(cut + 1) }
}

function message(record: WindowsRecord): string {
  const title = MESSAGES[`${record.provider.name} ${record.eventId}`]
  if (title === undefined)
    return record.data
      .map(({ value }) => value)
      .join(' ')
      .trim()
  return `${title}:\n${record.data.map(({ name, value }) => `${name}: ${value}`).join('\n')}`
}

const MESSAGES: Readonly<Record<string, string>> = {
  'Microsoft-Windows-Sysmon 1': 'Process Create',
  'Microsoft-Windows-Sysmon 3': 'Network connection detected',
  'Microsoft-Windows-Sysmon 5': 'Process terminated',
  'Microsoft-Windows-Sysmon 11': 'File created',
  'Microsoft-Windows-Sysmon 13': 'Registry value set',
  'Microsoft-Windows-Sysmon 15': 'File stream created',
  'Microsoft-Windows-Sysmon 22': 'Dns query',
  'Service Control Manager 7045': 'A service was installed in the system.',
}
