/**
 * A schema map says how one vendor's records become events, and how that vendor's query columns are read back: the same
 * file (`content/schemas/<schema>.yaml`) serves logs and rules. It is data; what it may say is said here and checked by
 * `content/published/schema-map.schema.json`.
 */
export interface SchemaMap {
  readonly schema: string
  readonly about: string
  /** Pages the facts were taken from. */
  readonly sources: readonly string[]
  /** Windows events: any of these providers (compared without case). `*` at an end matches the rest. */
  readonly providers?: readonly string[]
  /** Windows events, where the provider is not enough: any of these channels (compared without case). */
  readonly channels?: readonly string[]
  /** Windows events by event id. `*` is every id that is not listed. */
  readonly events?: Readonly<Record<string, EventMap>>
  /** Exported or queried tables by name. */
  readonly tables?: Readonly<Record<string, TableMap>>
  /** Fields mapped in every event of this map, unless the event maps them itself (an empty list maps a field to nothing). */
  readonly common?: FieldMaps
}

export interface EventMap {
  /** A class of `content/model`. */
  readonly class: string
  readonly activity: string | ValueMap
  /** Only where each of these fields has one of the values (compared without case; `*` is any text). */
  readonly when?: Readonly<Record<string, readonly string[]>>
  /** Columns that hold the same value in every such event. */
  readonly set?: Readonly<Record<string, string | number>>
  readonly fields?: FieldMaps
  /**
   * Records that are something else than the rest of the event or table: the first case whose `when` holds and whose `activity` has
   * a value for the record takes it. A case has its own class and activity and adds to, or replaces, `set` and `fields`.
   */
  readonly cases?: readonly EventMap[]
}

/** Vendor field → where its value goes. `Data[0]` is `param1` too, as shippers call values without a name. */
export type FieldMaps = Readonly<Record<string, FieldTarget | readonly FieldTarget[]>>

/**
 * A column name alone takes the value as the column's type says. Where several fields give a column a value, the first in the order of
 * the record's fields is kept; what the reader itself says (time, device_hostname, log_*, event_code, record_id) comes before all of them.
 * A query reads the first target of its column.
 */
export type FieldTarget = string | Conversion

export type Conversion =
  /** What stands after the last `\` or `/`. */
  | { readonly basename: string }
  /** A registry path with its root in full: `HKLM\...` and `\REGISTRY\MACHINE\...` → `HKEY_LOCAL_MACHINE\...`. */
  | { readonly 'registry-path': string }
  /** The same for the path of a value: what stands before the last `\`. */
  | { readonly 'registry-key': string }
  /** The name of a value at the end of a registry path: what stands after the last `\`. */
  | { readonly 'registry-value': string }
  /** `DOMAIN\user` or `user@domain` → `<prefix>_name`, `<prefix>_domain`. */
  | { readonly account: string }
  /** `SHA1=...,MD5=...` → `<prefix>_sha1`, `<prefix>_md5`, `<prefix>_sha256`, `<prefix>_imphash`. */
  | { readonly hashes: string }
  /** A GUID without braces, in lower case. */
  | { readonly guid: string }
  /** The executable that a command line or a service's image path names. */
  | { readonly 'command-path': string }
  | { readonly 'command-name': string }
  /** The vendor's value → ours; a value that is not listed gives nothing. A rule reads it back: ours → the first value listed for it. */
  | (ValueMap & { readonly to: string })
  /** First group of a regular expression. */
  | { readonly extract: string; readonly to: string }
  /** A member of a field that holds a JSON object, as text. */
  | { readonly json: string; readonly to: string }
  /** Taken only where no other field gave the column a value, whatever the order of the record's fields. */
  | { readonly fallback: string }

export interface ValueMap {
  /** Field whose value decides; left out in a conversion, where it is the field itself. */
  readonly field?: string
  /**
   * Compared without case. In a table's `activity`, the first value listed for an activity is what events of other schemas show in
   * `field`; an activity that no value gives shows the first of all. Digits, where the column is an integer.
   */
  readonly values: Readonly<Record<string, string>>
  /** For a value that is not listed. */
  readonly otherwise?: string
}

export interface TableMap extends EventMap {
  /**
   * The vendor's columns in order, with the vendor's type: `FileName: string`. All of them, mapped or not: a column that is not
   * in `fields` is read back from the record's original fields.
   */
  readonly columns: Readonly<Record<string, string>>
  /**
   * Which events of other schemas the table shows: those of the class whose activity is one of these. A table that shows several
   * classes (Defender's DeviceEvents) lists them all; the class `*` is every class. A column is read from such an event as `fields`
   * says, or the case that has the event's class and activity.
   */
  readonly shows: readonly { readonly class: string; readonly activities: readonly string[] }[]
  /** Of those, only events whose columns hold one of these values (compared without case); an empty list asks for any value. */
  readonly filter?: Readonly<Record<string, readonly string[]>>
}
