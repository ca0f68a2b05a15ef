import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../identity/index.js'
import { fingerprint, readTenant, type TenantSource, tenantOf, tenantSources } from './index.js'

const tool = (id: string) => loadCatalogue().tools.find((one) => one.id === id)!
const commandLine = (id: string, text: string) => tenantOf(tool(id), 'command-line', text)

describe('ScreenConnect', () => {
  const image =
    '"C:\\Program Files (x86)\\ScreenConnect Client (0123456789abcdef)\\ScreenConnect.ClientService.exe" "?e=Access&y=Guest&h=relay.example.click&p=8041&s=5a1f3c1e-0000-4000-8000-1234567890ab&k=BgIAAACkAABSU0ExAAgAAAEAAQ%2babc&t=PC%201&c=Acme&c=Berlin&c=&c="'

  it('shows relay, session, custom properties and instance; the key only as a fingerprint', () => {
    expect(commandLine('screenconnect', image)).toEqual({
      session_type: 'Access',
      process_type: 'Guest',
      relay_host: 'relay.example.click',
      relay_port: '8041',
      session_id: '5a1f3c1e-0000-4000-8000-1234567890ab',
      server_key: fingerprint('BgIAAACkAABSU0ExAAgAAAEAAQ+abc'),
      session_name: 'PC 1',
      custom_property: 'Acme, Berlin',
      instance_id: '0123456789abcdef',
    })
  })

  it('is read from a package property and from an address as well', () => {
    const property = 'msiexec /i x.msi SERVICE_CLIENT_LAUNCH_PARAMETERS="?h=a.example&p=443&k=abcdefgh" /qn'
    expect(commandLine('screenconnect', property)).toMatchObject({ relay_host: 'a.example', relay_port: '443' })
    const address =
      'rundll32 dfshim.dll,ShOpenVerbApplication https://s.example:8040/Bin/ScreenConnect.Client.application?h=a.example&p=8041'
    expect(commandLine('screenconnect', address)).toMatchObject({ server: 's.example:8040', relay_host: 'a.example' })
  })

  it('shows its instance in names', () => {
    const name = 'ScreenConnect Client (0123456789abcdef)'
    for (const place of ['service-name', 'product', 'provider'] as const)
      expect(tenantOf(tool('screenconnect'), place, name)).toEqual({ instance_id: '0123456789abcdef' })
    expect(tenantOf(tool('screenconnect'), 'host-name', 'instance-ab12cd-relay.screenconnect.com')).toEqual({
      cloud_instance: 'ab12cd',
    })
  })

  it('shows nothing where one parameter stands alone or none is known', () => {
    for (const text of [
      'x.exe ?h=a.example',
      'x.exe "?a=1&b=2"',
      'ScreenConnect Client (xyz)',
      '&&&&',
      '?='.repeat(9999),
    ])
      expect(commandLine('screenconnect', text)).toEqual({})
  })
})

describe('other tools', () => {
  it.each<[string, string, Record<string, string>]>([
    [
      'atera',
      'msiexec /i setup.msi /qn INTEGRATORLOGIN="a@b.example" COMPANYID=1 ACCOUNTID=001Q3',
      { integrator_login: 'a@b.example', account_id: '001Q3', company_id: '1' },
    ],
    [
      'atera',
      'AteraAgent.exe /i /IntegratorLogin="a@b.example" /CompanyId="7" /AccountId="001Q3"',
      { integrator_login: 'a@b.example', account_id: '001Q3', company_id: '7' },
    ],
    [
      'tactical-rmm',
      'tacticalrmm.exe -m install --api https://api.example.com --client-id 1 --site-id 2 --agent-type server --auth s3cr3t',
      {
        api: 'https://api.example.com',
        client_id: '1',
        site_id: '2',
        agent_type: 'server',
        auth_token: fingerprint('s3cr3t'),
      },
    ],
    ['getscreen', 'getscreen.exe -install -register a@b.example', { account: 'a@b.example' }],
    ['meshcentral', 'MeshAgent.exe --meshServiceName="Acme Agent" --x', { service_name: 'Acme Agent' }],
    [
      'rustdesk',
      '"C:\\x\\rustdesk-host=rd.example,key=AAAA=.exe" --install',
      { rendezvous_server: 'rd.example', key: fingerprint('AAAA=') },
    ],
    ['rustdesk', 'rustdesk.exe --config 9JSPabcdefgh', { configuration: fingerprint('9JSPabcdefgh') }],
    ['level', 'msiexec /i level.msi LEVEL_API_KEY=abc123 /qn', { install_key: fingerprint('abc123') }],
    [
      'splashtop',
      'setup.exe prevercheck /s /i hidewindow=1,dcode=ABCD1234EFGH',
      { deployment_code: fingerprint('ABCD1234EFGH') },
    ],
    ['teamviewer', 'TeamViewer.exe assignment --id 0001CoABChCvxyz', { assignment_id: fingerprint('0001CoABChCvxyz') }],
    [
      'cloudflared',
      'cloudflared.exe tunnel run --token eyJhIjoiMTIzNDU2Nzg5MCJ9',
      { tunnel_token: fingerprint('eyJhIjoiMTIzNDU2Nzg5MCJ9') },
    ],
    [
      'nezha',
      'C:\\nezha\\nezha-agent.exe -s d.example:5555 -p pa55',
      { server: 'd.example:5555', client_secret: fingerprint('pa55') },
    ],
  ])('%s: %s', (id, text, expected) => {
    expect(commandLine(id, text)).toEqual(expected)
  })

  it('show it in names and texts', () => {
    expect(tenantOf(tool('anydesk'), 'file-name', 'AnyDesk-1a2b3c4d.exe')).toEqual({ custom_client: '1a2b3c4d' })
    expect(tenantOf(tool('anydesk'), 'path', 'C:\\ProgramData\\AnyDesk\\ad_1a2b3c4d\\service.conf')).toEqual({
      custom_client: '1a2b3c4d',
    })
    expect(tenantOf(tool('rustdesk'), 'file-name', 'rustdesk-host=rd.example,key=AAAA=.exe')).toEqual({
      rendezvous_server: 'rd.example',
      key: fingerprint('AAAA='),
    })
    expect(tenantOf(tool('netsupport'), 'text', '[HTTP]\nGatewayAddress=gw.example:443\nGSK=GK;MAHDE\n')).toEqual({
      gateway: 'gw.example:443',
      gateway_key: fingerprint('GK'),
    })
    expect(
      tenantOf(tool('meshcentral'), 'text', 'MeshName=Victims\r\nMeshServer=wss://m.example:443/agent.ashx'),
    ).toEqual({ mesh_name: 'Victims', server: 'wss://m.example:443/agent.ashx' })
  })
})

describe('reading a tenant', () => {
  it('joins what several texts show and keeps the first of what they disagree on', () => {
    const sources: TenantSource[] = [
      { place: 'service-name', text: 'ScreenConnect Client (0123456789abcdef)' },
      { place: 'command-line', text: '"?h=a.example&p=443"' },
      { place: 'command-line', text: '"?h=b.example&p=8041"' },
    ]
    expect(readTenant(tool('screenconnect'), sources)).toEqual({
      instance_id: '0123456789abcdef',
      relay_host: 'a.example',
      relay_port: '443',
    })
  })

  it('is null where nothing shows', () => {
    expect(readTenant(tool('screenconnect'), [])).toBeNull()
    expect(readTenant(tool('anydesk'), [{ place: 'command-line', text: 'AnyDesk.exe --control' }])).toBeNull()
  })

  it('takes the columns of an event', () => {
    const row = { process_cmd_line: 'x', package_path: 'C:\\a\\b.msi', product_name: null, service_name: '' }
    expect(tenantSources(row)).toEqual([
      { place: 'command-line', text: 'x' },
      { place: 'path', text: 'C:\\a\\b.msi' },
      { place: 'file-name', text: 'b.msi' },
    ])
  })

  it('comes to an end on hostile text', () => {
    for (const one of loadCatalogue().tools.filter(({ tenant }) => tenant))
      for (const text of [
        '&=?'.repeat(13_000),
        'JWrapper'.repeat(5000),
        '--key '.repeat(6000),
        'a'.repeat(40_000),
        'nezha-agent -s '.repeat(2500),
      ])
        for (const place of ['command-line', 'text', 'file-name'] as const)
          expect(Object.keys(tenantOf(one, place, text)).length).toBeLessThan(5)
  })
})
