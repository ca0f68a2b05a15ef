import { describe, expect, it } from 'vitest'
import { fingerprint, maskSecrets } from './mask.js'

const SECRET = 'Tr0ub4dor-3'
const MASK = `[${fingerprint(SECRET)}]`

describe('masking', () => {
  it.each([
    `echo ${SECRET} | anydesk.exe --set-password`,
    `cmd /c echo "${SECRET}" | C:\\x\\AnyDesk.exe --set-password`,
    `rustdesk.exe --password ${SECRET}`,
    `tool.exe --password="${SECRET}" --other`,
    `tool.exe -pw ${SECRET} user@host`,
    `rdp.exe /v:host /u:admin /p:${SECRET}`,
    `mstsc /v:host /pass:${SECRET}`,
    `psexec \\\\host -u admin -p ${SECRET} cmd`,
    `net user bob ${SECRET} /add`,
    `net use z: \\\\host\\share ${SECRET} /user:bob`,
    `msiexec /i x.msi SET_PASSWORD=1 VALUE_OF_PASSWORD=${SECRET} /qn`,
    `agent.exe --auth ${SECRET} --api https://a.example`,
    `setup.exe /token=${SECRET}`,
    `curl https://a.example/x?id=1&token=${SECRET}&b=2`,
    `curl -H "Authorization: Bearer ${SECRET}"`,
    `git clone https://bob:${SECRET}@a.example/x`,
    `$p = ConvertTo-SecureString "${SECRET}" -AsPlainText -Force`,
    `svc.exe "?e=Access&h=a.example&k=${SECRET}&t="`,
    `LEVEL_API_KEY=${SECRET} install`,
    `rustdesk-host=a.example,key=${SECRET}.exe`,
  ])('hides the secret of: %s', (text) => {
    const masked = maskSecrets(text)
    expect(masked).not.toContain(SECRET)
    expect(masked).toBe(
      text.replace(`"${SECRET}"`, text.includes(`echo "`) ? `"${SECRET}"` : SECRET).replace(SECRET, MASK),
    )
    expect(maskSecrets(masked)).toBe(masked)
  })

  it('leaves everything else as it is', () => {
    for (const text of [
      'C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule',
      'tasklist /v /fo csv',
      'msbuild app.sln /p:Configuration=Release',
      'reg query HKLM\\SOFTWARE /v key',
      'powershell -NoProfile -Command Get-Process',
      'ssh -p 22 user@host',
      'anydesk.exe --install "C:\\x" --start-with-win --silent',
      'keyboard.exe --layout de',
      '',
    ])
      expect(maskSecrets(text)).toBe(text)
  })

  it('gives the same secret the same mark', () => {
    expect(fingerprint('a')).toBe(fingerprint('a'))
    expect(fingerprint('a')).not.toBe(fingerprint('b'))
    expect(fingerprint('')).toBe('sha256:e3b0c442')
  })

  it('comes to an end on hostile text', () => {
    for (const part of ['echo ', '--password ', 'net user ', '://', 'a_', '\\\\', '"', 'ey', ' -u a'])
      expect(maskSecrets(part.repeat(Math.ceil(30_000 / part.length))).length).toBeGreaterThan(0)
  })
})
