/**
 * Whose instance of a tool it is, put together from pieces: one event shows the relay, another the account. Pieces that name different
 * instances stay apart, because a host that two parties control is exactly what must not be blurred.
 */
export type Instance = Readonly<Record<string, string>>

/** What tells one instance from another, the most telling first; the rest is detail of a session or of the program. */
const TELLING = [
  'relay_host',
  'relay_server',
  'rendezvous_server',
  'server',
  'gateway',
  'api',
  'tenant',
  'cloud_instance',
  'account',
  'integrator_login',
  'google_account',
  'account_id',
  'instance_id',
  'server_id',
  'mesh_id',
  'mesh_name',
  'tunnel_name',
  'deployment_code',
  'assignment_id',
  'install_key',
  'custom_client',
  'custom_config_id',
  'licensee',
  'serial_number',
]

/** Adds a piece to the instances known so far. */
export function addInstance(known: Instance[], piece: Instance): void {
  if (Object.keys(piece).length === 0) return
  let index = known.findIndex((other) => isOf(piece, other))
  if (index < 0 && known.length === 1 && !conflicts(piece, known[0]!)) index = 0
  if (index >= 0) known[index] = inOrder({ ...piece, ...known[index] })
  else known.push(inOrder(piece))
}

/** Whether a piece says the same of something telling as an instance does, and nothing else of anything telling. */
export function isOf(piece: Instance, instance: Instance): boolean {
  return (
    TELLING.some((name) => piece[name] !== undefined && instance[name]?.toLowerCase() === piece[name].toLowerCase()) &&
    !conflicts(piece, instance)
  )
}

function conflicts(piece: Instance, instance: Instance): boolean {
  return TELLING.some(
    (name) =>
      piece[name] !== undefined &&
      instance[name] !== undefined &&
      instance[name].toLowerCase() !== piece[name].toLowerCase(),
  )
}

/** Every instance that an inventory entry shows. */
export function instancesOf(entry: {
  readonly tenant: Instance | null
  readonly otherTenants?: readonly Instance[]
}): readonly Instance[] {
  return entry.tenant === null ? [] : [entry.tenant, ...(entry.otherTenants ?? [])]
}

/** What tells the instance from others, without details of a session; all of it where nothing does. */
export function tellingPart(instance: Instance): Instance {
  const telling = Object.entries(instance).filter(([name]) => TELLING.includes(name))
  return telling.length > 0 ? Object.fromEntries(telling) : instance
}

function inOrder(instance: Instance): Instance {
  const rank = (name: string): number => (TELLING.includes(name) ? TELLING.indexOf(name) : TELLING.length)
  return Object.fromEntries(Object.entries(instance).sort(([a], [b]) => rank(a) - rank(b)))
}
