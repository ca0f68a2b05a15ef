import type { Report } from '../report.js'

/**
 * The report with hosts by their first label, for people: in one domain every full name begins and ends alike where there is little room.
 * Names that would no longer be told apart, and addresses, stay whole. The columns and fields of findings keep the full name.
 */
export function withShortHosts(report: Report): Report {
  const hosts = new Set([...report.inventory.map(({ host }) => host), ...report.findings.map(({ host }) => host ?? '')])
  const labels = new Map<string, string>()
  for (const host of hosts) {
    const label = firstLabel(host).toLowerCase()
    labels.set(label, labels.has(label) && labels.get(label) !== host.toLowerCase() ? '' : host.toLowerCase())
  }
  const short = (host: string): string => (labels.get(firstLabel(host).toLowerCase()) === '' ? host : firstLabel(host))
  return {
    ...report,
    inventory: report.inventory.map((entry) => ({ ...entry, host: short(entry.host) })),
    findings: report.findings.map((finding) => ({
      ...finding,
      host: finding.host === null ? null : short(finding.host),
    })),
  }
}

const firstLabel = (host: string): string => (/^[\d.]+$|:/.test(host) ? host : (host.split('.')[0] ?? host) || host)
