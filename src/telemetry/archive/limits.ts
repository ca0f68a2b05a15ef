import { ReadFailure } from '../byte-stream.js'

/** How far archives are followed. A file that asks for more is taken for a bomb and left. */
export interface ArchiveLimits {
  /** Containers inside containers: `a.zip!b.tar.gz!c.log` is three. */
  readonly layers: number
  /** Members of all archives in one file. */
  readonly members: number
  /** Bytes unpacked from one file, all layers counted. */
  readonly bytes: number
  /** Bytes unpacked from a byte, looked at once `ratioAfter` bytes have come out. */
  readonly ratio: number
  readonly ratioAfter: number
  /** Size of a zip inside another archive: its table of contents stands at its end, so it is held in memory whole. */
  readonly nestedZip: number
}

export const ARCHIVE_LIMITS: ArchiveLimits = {
  layers: 6,
  members: 100_000,
  bytes: 64 * 2 ** 30,
  ratio: 200,
  ratioAfter: 64 * 2 ** 20,
  nestedZip: 128 * 2 ** 20,
}

/** Counts what one file has been unpacked to. */
export class ArchiveBudget {
  private members = 0
  private bytes = 0

  constructor(readonly limits: ArchiveLimits) {}

  member(): void {
    if (++this.members > this.limits.members) throw exceeded(`more than ${this.limits.members} members`)
  }

  /** Accounts for `produced` bytes of a layer that has read `input` bytes and given `output` bytes so far. */
  unpacked(produced: number, input: number, output: number): void {
    const { limits } = this
    this.bytes += produced
    if (this.bytes > limits.bytes) throw exceeded(`more than ${limits.bytes} bytes unpacked`)
    if (output > limits.ratioAfter && output > input * limits.ratio)
      throw exceeded(`${output} bytes unpacked from ${input}`)
  }
}

const exceeded = (what: string): ReadFailure =>
  new ReadFailure('archive-limit', `archive is not followed further: ${what}`)
