/**
 * How the telemetry of this world is laid out in JSON and CSV, one row a product. What differs is data: paths, in the product's words.
 * Order matters: the first row whose `needs` are all there is taken.
 */
export interface Shape {
  readonly name: string
  /** Paths that must be there. `a|b`: one of them. A path that ends in `.` or in `[]`: anything below it, or an array. */
  readonly needs: readonly string[]
  /** Paths that must not be there. */
  readonly lacks?: readonly string[]
  /** Reads `@Name`, `#attributes.Name`, `X_attributes.Name` and `#text` as what they stand for: attributes and texts of XML. */
  readonly xml?: true
  /** Exported table: each top-level member is a column, JSON inside stays JSON. */
  readonly columns?: { readonly below: string; readonly table: string; readonly tableFrom: readonly string[] }
  /** First that is there wins; what is taken for the header is no field any more, except in a table. */
  readonly provider?: readonly string[]
  readonly channel?: readonly string[]
  readonly computer?: readonly string[]
  readonly eventId?: readonly string[]
  readonly recordId?: readonly string[]
  readonly time: readonly TimeSource[]
  /** Below these stand the event's own data, which are named without the prefix. */
  readonly data?: readonly string[]
  /** Other names for what the product names its own way. */
  readonly names?: Readonly<Record<string, string>>
  /** Members that hold fields of their own. */
  readonly expand?: Readonly<Record<string, Expansion>>
}

export interface TimeSource {
  readonly path: string
  /** Written without a zone but UTC by its definition. */
  readonly utc?: true
  /** Seconds, milliseconds or microseconds since 1970 where it is a number. */
  readonly epoch?: true
  /** Not zoned, but these two say the same moment, in the same zone and in UTC: the difference is the zone. */
  readonly zoneFrom?: { readonly local: string; readonly utc: string }
}

export type Expansion =
  /** Repeated elements: `X`, `X[1]` ... */
  | 'repeats'
  /** `EventData.Data`: texts, or objects with `@Name` and `#text`. */
  | 'data'
  /** Text of an event: XML, or the `name=value` lines of Splunk's classic event logs. */
  | 'raw-event'
  /** `<EventData>`, or the bare `<Param>`s of Log Analytics, as text. */
  | 'event-data-xml'
  /** An object, or its text, whose members are the event's data. */
  | 'event-data-json'
  /** EvtxECmd: text of `{"EventData":{"Data":[...]}}`. */
  | 'payload'
  /** Get-WinEvent: `[{"Value":...}]`. */
  | 'properties'
  /** Rendered text whose lines are `Name: value`, as Sysmon's are. */
  | 'message-lines'

/** Where the record may stand inside what an export wraps around it. */
export const WRAPPERS = [
  '',
  'Event',
  '_source',
  '_source.Event',
  'result',
  'document.data.Event',
  'document.data',
  'data',
  'value',
] as const

const ZONED = (path: string): TimeSource => ({ path })

const WINDOWS_COLUMNS = {
  time: [ZONED('TimeGenerated')],
  computer: ['Computer'],
  eventId: ['EventID'],
} as const

const TABLE_COLUMNS = {
  computer: ['DeviceName', 'Computer'],
  recordId: ['ReportId'],
  time: [ZONED('Timestamp'), ZONED('TimeGenerated')],
} as const

const WINLOG = {
  provider: ['winlog.provider_name', 'event.provider'],
  channel: ['winlog.channel'],
  computer: ['winlog.computer_name', 'host.name'],
  eventId: ['winlog.event_id', 'event.code'],
  recordId: ['winlog.record_id'],
  time: [ZONED('@timestamp'), ZONED('event.created')],
  data: ['winlog.event_data.', 'winlog.user_data.'],
  names: {
    'winlog.version': 'System.Version',
    'winlog.provider_guid': 'System.ProviderGuid',
    'winlog.process.pid': 'System.ProcessID',
    'winlog.process.thread.id': 'System.ThreadID',
    'winlog.activity_id': 'System.ActivityID',
    'winlog.related_activity_id': 'System.RelatedActivityID',
    'winlog.user.identifier': 'System.UserID',
  },
} as const

export const SHAPES = [
  {
    // evtx_dump, Chainsaw, Velociraptor, xml2json and whatever else turns event XML into JSON.
    name: 'windows-event',
    needs: ['System.EventID|System.EventID.Value', 'System.Provider.@Name|System.Provider.Name|System.Channel'],
    xml: true,
    time: [
      { path: 'System.TimeCreated.@SystemTime', epoch: true },
      { path: 'System.TimeCreated.SystemTime', epoch: true },
    ],
    data: ['EventData.'],
    expand: { 'EventData.Data': 'data' },
  },
  {
    // Winlogbeat's and Elastic Agent's Sysmon modules move the event's data to ECS fields; the message still has them under their names.
    name: 'winlogbeat-7-sysmon',
    needs: ['winlog.event_id|winlog.channel|winlog.provider_name', 'process.entity_id', 'message'],
    lacks: ['winlog.event_data.ProcessGuid', 'winlog.event_data.UtcTime'],
    ...WINLOG,
    expand: { message: 'message-lines' },
  },
  {
    // https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog
    name: 'winlogbeat-7',
    needs: ['winlog.event_id|winlog.channel|winlog.provider_name'],
    ...WINLOG,
  },
  {
    name: 'winlogbeat-6',
    needs: ['event_id', 'source_name|log_name', '@timestamp|event_data.'],
    provider: ['source_name'],
    channel: ['log_name'],
    computer: ['computer_name'],
    eventId: ['event_id'],
    recordId: ['record_number'],
    time: [ZONED('@timestamp')],
    data: ['event_data.', 'user_data.'],
    names: {
      version: 'System.Version',
      provider_guid: 'System.ProviderGuid',
      process_id: 'System.ProcessID',
      thread_id: 'System.ThreadID',
      activity_id: 'System.ActivityID',
      related_activity_id: 'System.RelatedActivityID',
      'user.identifier': 'System.UserID',
    },
  },
  {
    // https://github.com/EricZimmerman/evtx
    name: 'evtxecmd',
    needs: ['EventId', 'Provider', 'Channel', 'TimeCreated', 'Payload|MapDescription'],
    provider: ['Provider'],
    channel: ['Channel'],
    computer: ['Computer'],
    eventId: ['EventId'],
    recordId: ['EventRecordId', 'RecordNumber'],
    // EvtxECmd writes UTC unless it is told otherwise; its CSV says no zone.
    time: [ZONED('TimeCreated')],
    names: {
      UserId: 'System.UserID',
      ProcessId: 'System.ProcessID',
      ThreadId: 'System.ThreadID',
      Keywords: 'System.Keywords',
    },
    expand: { Payload: 'payload' },
  },
  {
    name: 'get-winevent',
    needs: ['Id', 'ProviderName', 'LogName', 'TimeCreated'],
    provider: ['ProviderName'],
    channel: ['LogName'],
    computer: ['MachineName'],
    eventId: ['Id'],
    recordId: ['RecordId'],
    time: [ZONED('TimeCreated')],
    names: {
      ProviderId: 'System.ProviderGuid',
      ProcessId: 'System.ProcessID',
      ThreadId: 'System.ThreadID',
      UserId: 'System.UserID',
      'UserId.Value': 'System.UserID',
      ActivityId: 'System.ActivityID',
      RelatedActivityId: 'System.RelatedActivityID',
      Keywords: 'System.Keywords',
      Level: 'System.Level',
      Task: 'System.Task',
      Opcode: 'System.Opcode',
      Version: 'System.Version',
      Qualifiers: 'System.Qualifiers',
    },
    expand: { Properties: 'properties' },
  },
  {
    // https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/securityevent
    name: 'log-analytics-security-event',
    needs: ['TimeGenerated', 'EventID', 'EventSourceName', 'Activity|Channel|EventData'],
    columns: { below: '', table: 'SecurityEvent', tableFrom: ['$table', 'Type'] },
    ...WINDOWS_COLUMNS,
    provider: ['EventSourceName'],
    channel: ['Channel'],
    recordId: ['EventRecordId'],
    expand: { EventData: 'event-data-xml' },
  },
  {
    // https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/event
    name: 'log-analytics-event',
    needs: ['TimeGenerated', 'EventID', 'EventLog', 'Source'],
    columns: { below: '', table: 'Event', tableFrom: ['$table', 'Type'] },
    ...WINDOWS_COLUMNS,
    provider: ['Source'],
    channel: ['EventLog'],
    recordId: ['EventRecordId'],
    expand: { EventData: 'event-data-xml', ParameterXml: 'event-data-xml' },
  },
  {
    // https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/windowsevent
    name: 'log-analytics-windows-event',
    needs: ['TimeGenerated', 'EventID', 'Provider', 'Channel', 'EventData|EventData[]|EventData.'],
    columns: { below: '', table: 'WindowsEvent', tableFrom: ['$table', 'Type'] },
    ...WINDOWS_COLUMNS,
    time: [ZONED('TimeCreated'), ZONED('TimeGenerated')],
    provider: ['Provider'],
    channel: ['Channel'],
    recordId: ['EventRecordId'],
    expand: { EventData: 'event-data-json' },
  },
  {
    // https://learn.microsoft.com/en-us/defender-xdr/streaming-api
    name: 'defender-streaming',
    needs: ['category', 'properties.', 'time'],
    columns: { below: 'properties.', table: '', tableFrom: ['category'] },
    computer: ['properties.DeviceName', 'properties.Computer'],
    recordId: ['properties.ReportId'],
    time: [ZONED('properties.Timestamp'), ZONED('time')],
  },
  {
    // Log Analytics rows of any table.
    name: 'log-analytics',
    needs: ['Type', 'TimeGenerated'],
    columns: { below: '', table: '', tableFrom: ['$table', 'Type'] },
    ...TABLE_COLUMNS,
  },
  {
    // Rows that name their table; `arrange.ts` also finds tables by their columns.
    name: 'table',
    needs: ['$table|TableName', 'Timestamp|TimeGenerated'],
    columns: { below: '', table: '', tableFrom: ['$table', 'TableName'] },
    ...TABLE_COLUMNS,
  },
  {
    // https://docs.nxlog.co/refman/current/im/msvistalog.html#fields
    name: 'nxlog',
    needs: ['SourceName', 'EventID', 'EventTime|EventReceivedTime'],
    provider: ['SourceName'],
    channel: ['Channel'],
    computer: ['Hostname'],
    eventId: ['EventID'],
    recordId: ['RecordNumber'],
    // EventTime is the host's local time; UtcTime is Sysmon's own.
    time: [
      { path: 'UtcTime', utc: true },
      { path: 'EventTime', zoneFrom: { local: 'EventReceivedTime', utc: '@timestamp' } },
      ZONED('@timestamp'),
    ],
    names: {
      ProviderGuid: 'System.ProviderGuid',
      Version: 'System.Version',
      Task: 'System.Task',
      OpcodeValue: 'System.Opcode',
      Keywords: 'System.Keywords',
      ExecutionProcessID: 'System.ProcessID',
      ProcessID: 'System.ProcessID',
      ThreadID: 'System.ThreadID',
      UserID: 'System.UserID',
      ActivityID: 'System.ActivityID',
      RelatedActivityID: 'System.RelatedActivityID',
    },
  },
  {
    // Fields of the event's data stand beside those of its header.
    name: 'flat-windows-event',
    needs: [
      'SourceName|ProviderName|Provider|provider_name',
      'EventID|EventId|event_id',
      'Channel|LogName|channel|log_name',
    ],
    provider: ['SourceName', 'ProviderName', 'Provider', 'provider_name'],
    channel: ['Channel', 'LogName', 'channel', 'log_name'],
    computer: ['Hostname', 'Computer', 'ComputerName', 'MachineName', 'computer_name', 'hostname'],
    eventId: ['EventID', 'EventId', 'event_id'],
    recordId: ['RecordNumber', 'EventRecordID', 'EventRecordId', 'RecordID', 'record_id'],
    time: [
      ZONED('TimeCreated'),
      ZONED('SystemTime'),
      ZONED('EventTime'),
      ZONED('@timestamp'),
      ZONED('TimeGenerated'),
      { path: 'UtcTime', utc: true },
    ],
    data: ['EventData.'],
    names: {
      ProviderGuid: 'System.ProviderGuid',
      Level: 'System.Level',
      Version: 'System.Version',
      Task: 'System.Task',
      Opcode: 'System.Opcode',
      Keywords: 'System.Keywords',
      UserID: 'System.UserID',
      ActivityID: 'System.ActivityID',
    },
    expand: { EventData: 'event-data-json' },
  },
  {
    name: 'splunk-raw',
    needs: ['_raw'],
    provider: ['SourceName'],
    channel: ['LogName', 'Channel'],
    computer: ['ComputerName', 'Computer', 'host'],
    eventId: ['EventCode', 'EventID'],
    recordId: ['RecordNumber', 'EventRecordID', 'RecordID'],
    time: [{ path: '_time', epoch: true }],
    expand: { _raw: 'raw-event' },
  },
  {
    // The fields that Splunk's Windows add-on gives an event, without its raw text.
    name: 'splunk-windows',
    needs: ['EventCode', '_time', 'SourceName|LogName|Channel|sourcetype'],
    provider: ['SourceName', 'Name'],
    channel: ['LogName', 'Channel'],
    computer: ['ComputerName', 'Computer', 'host'],
    eventId: ['EventCode'],
    recordId: ['RecordNumber', 'EventRecordID', 'RecordID'],
    time: [{ path: '_time', epoch: true }],
  },
] as const satisfies readonly Shape[]

/** Anything else that has a time: kept with all its fields, so that it can at least be searched. */
export const GENERIC_TIMES: readonly TimeSource[] = [
  ZONED('@timestamp'),
  ZONED('Timestamp'),
  ZONED('TimeGenerated'),
  ZONED('timestamp'),
  ZONED('TimeCreated'),
  ZONED('EventTime'),
  ZONED('eventTime'),
  ZONED('CreationTime'),
  ZONED('time'),
  ZONED('Time'),
  ZONED('_time'),
  ZONED('ts'),
  ZONED('datetime'),
].map((source) => ({ epoch: true as const, ...source }))
