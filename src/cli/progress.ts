import { bytes, count, duration, plural } from '../findings/render/words.js'
import { fitEnd, fitMiddle, widthOf } from '../text/fit.js'
import { visible } from '../text/visible.js'

/** How far the reading is. A total of 0 is one that is not known yet. */
export interface ProgressState {
  readonly filesDone: number
  readonly filesTotal: number
  readonly records: number
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Name of the source being read. */
  readonly current: string | undefined
}

export interface Progress {
  /** Shows the state, at most ten times a second. */
  update(state: ProgressState): void
  /** A line that stays. */
  note(text: string): void
  /** Takes the progress line away. */
  done(): void
}

export interface ProgressStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export interface ProgressOptions {
  readonly stream: ProgressStream
  /** Writes nothing at all. */
  readonly quiet: boolean
  /** Milliseconds; a clock that never goes back. */
  readonly now?: () => number
}

/**
 * Tells on standard error how far the reading is. A terminal gets one line that is drawn again and taken away at the end; anything
 * else gets a plain line every ten seconds.
 */
export function createProgress({ stream, quiet, now = () => performance.now() }: ProgressOptions): Progress {
  if (quiet) return { update: () => {}, note: () => {}, done: () => {} }
  const terminal = stream.isTTY === true
  const wait = terminal ? REDRAW : PLAIN_LINE
  const pace = new Pace(now())
  let due = terminal ? now() : now() + wait
  let line = ''

  const erase = (): void => {
    if (line !== '') stream.write(ERASE)
  }
  return {
    update(state) {
      const time = now()
      pace.add(time, state)
      if (time < due) return
      due = time + wait
      if (!terminal) {
        stream.write(`${progressLine(state, pace, 0)}\n`)
        return
      }
      line = progressLine(state, pace, (stream.columns ?? 80) - 1)
      stream.write(ERASE + line)
    },
    note(text) {
      erase()
      stream.write(`${text.split('\n').map(visible).join('\n')}\n`)
      if (line !== '') stream.write(line)
    },
    done() {
      erase()
      line = ''
    },
  }
}

/** `reading  12/148 files  45%  1,204,331 records  210,000/s  1 min 20 s left  …\Security.evtx`; a width of 0 cuts nothing. */
function progressLine(state: ProgressState, pace: Pace, width: number): string {
  const { filesDone, filesTotal, records, bytesDone, bytesTotal, current } = state
  const files = filesTotal > 0 ? `${count(filesDone)}/${count(filesTotal)} files` : plural(filesDone, 'file')
  const share = bytesTotal > 0 ? `${Math.floor(Math.min(1, bytesDone / bytesTotal) * 100)}%` : bytes(bytesDone)
  const left = pace.secondsLeft(state)
  // What is dropped on a narrow terminal stands last.
  const parts = [
    'reading',
    files,
    share,
    `${count(records)} records`,
    `${count(Math.round(pace.recordsPerSecond))}/s`,
    left === undefined ? '' : `${duration(left)} left`,
  ].filter((part) => part !== '')
  while (width > 0 && parts.length > 1 && widthOf(parts.join('  ')) > width) parts.pop()
  const figures = parts.join('  ')
  const name = visible(current ?? '')
  if (width === 0) return name === '' ? figures : `${figures}  ${name}`
  const room = width - widthOf(figures) - 2
  return name === '' || room < SHORTEST_NAME ? fitEnd(figures, width) : `${figures}  ${fitMiddle(name, room)}`
}

/** Speed over the last seconds, so that a slow file shows and the first second does not count for ever. */
class Pace {
  readonly #samples: { readonly time: number; readonly records: number; readonly bytes: number }[]

  constructor(start: number) {
    this.#samples = [{ time: start, records: 0, bytes: 0 }]
  }

  add(time: number, { records, bytesDone }: ProgressState): void {
    const last = this.#samples.at(-1)!
    if (time - last.time < REDRAW) return
    this.#samples.push({ time, records, bytes: bytesDone })
    while (this.#samples.length > 2 && time - this.#samples[1]!.time >= WINDOW) this.#samples.shift()
  }

  get recordsPerSecond(): number {
    return this.#perSecond('records')
  }

  /** Undefined where nothing tells. */
  secondsLeft({ bytesDone, bytesTotal }: ProgressState): number | undefined {
    const speed = this.#perSecond('bytes')
    return speed > 0 && bytesTotal > bytesDone ? (bytesTotal - bytesDone) / speed : undefined
  }

  #perSecond(what: 'records' | 'bytes'): number {
    const first = this.#samples[0]!
    const last = this.#samples.at(-1)!
    return last.time > first.time ? Math.max(0, ((last[what] - first[what]) * 1000) / (last.time - first.time)) : 0
  }
}

const REDRAW = 100
const PLAIN_LINE = 10_000
const WINDOW = 15_000
const SHORTEST_NAME = 12
/** To the start of the line, and clear it. */
const ERASE = '\r\u001b[2K'
