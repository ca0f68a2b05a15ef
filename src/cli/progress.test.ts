import { expect, test } from 'vitest'
import { widthOf } from '../text/fit.js'
import { createProgress, type ProgressState } from './progress.js'

class Screen {
  written: string[] = []
  constructor(
    readonly isTTY: boolean,
    readonly columns = 80,
  ) {}
  write(text: string): void {
    this.written.push(text)
  }
  get lines(): readonly string[] {
    return this.written.map((text) => text.replace('\r\u001b[2K', '')).filter((text) => text !== '')
  }
}

const state = (more: Partial<ProgressState> = {}): ProgressState => ({
  filesDone: 12,
  filesTotal: 148,
  records: 1_204_331,
  bytesDone: 450_000_000,
  bytesTotal: 1_000_000_000,
  current: 'triage\\NLX-FIN-02\\Windows\\System32\\winevt\\Logs\\Security.evtx',
  ...more,
})

function run(screen: Screen, quiet = false) {
  const clock = { time: 0 }
  return { clock, progress: createProgress({ stream: screen, quiet, now: () => clock.time }) }
}

test('a terminal sees files, share, records, speed, time left and the file', () => {
  const screen = new Screen(true, 120)
  const { clock, progress } = run(screen)
  clock.time = 5000
  progress.update(state())
  expect(screen.lines).toEqual([
    'reading  12/148 files  45%  1,204,331 records  240,866/s  6.1 s left  triage\\NLX-FIN-02\\W…m32\\winevt\\Logs\\Security.evtx',
  ])
})

test('a terminal is drawn at most ten times a second', () => {
  const screen = new Screen(true)
  const { clock, progress } = run(screen)
  for (clock.time = 0; clock.time < 1000; clock.time++) progress.update(state())
  expect(screen.written).toHaveLength(10)
})

test('the line fits any terminal, whatever the file is called', () => {
  for (const columns of [20, 40, 60, 80, 200])
    for (const current of ['監視カメラ'.repeat(30), '\u001b[2J\r\n', 'x'.repeat(5000), '', undefined]) {
      const screen = new Screen(true, columns)
      const { clock, progress } = run(screen)
      clock.time = 3000
      progress.update(state({ current }))
      expect(widthOf(screen.lines[0]!)).toBeLessThan(columns)
      expect(screen.lines[0]).not.toMatch(/[\u0000-\u001f]/)
    }
})

test('the line is taken away at the end, and once only', () => {
  const screen = new Screen(true)
  const { progress } = run(screen)
  progress.update(state())
  progress.done()
  progress.done()
  expect(screen.written.slice(1)).toEqual(['\r\u001b[2K'])
})

test('a note stands above the line', () => {
  const screen = new Screen(true)
  const { progress } = run(screen)
  progress.update(state())
  const [drawn] = screen.lines
  progress.note('old.evtx: \u001b[31mempty')
  expect(screen.written.slice(1)).toEqual(['\r\u001b[2K', 'old.evtx: <U+001B>[31mempty\n', drawn])
})

test('what is no terminal gets a plain line every ten seconds', () => {
  const screen = new Screen(false)
  const { clock, progress } = run(screen)
  for (clock.time = 0; clock.time <= 25_000; clock.time += 50) progress.update(state())
  progress.done()
  expect(screen.written).toHaveLength(2)
  expect(screen.written.join('')).not.toContain('\u001b')
  expect(screen.written[0]).toMatch(/^reading {2}12\/148 files .*Security\.evtx\n$/)
})

test('quiet writes nothing', () => {
  const screen = new Screen(true)
  const { progress } = run(screen, true)
  progress.update(state())
  progress.note('a note')
  progress.done()
  expect(screen.written).toEqual([])
})

test('speed is that of the last seconds', () => {
  const screen = new Screen(true, 200)
  const { clock, progress } = run(screen)
  for (clock.time = 0; clock.time <= 60_000; clock.time += 100)
    progress.update(state({ records: clock.time <= 30_000 ? 0 : (clock.time - 30_000) * 10 }))
  expect(screen.lines.at(-1)).toContain('10,000/s')
})

test('unknown totals promise nothing', () => {
  const screen = new Screen(true)
  const { progress } = run(screen)
  progress.update(state({ filesTotal: 0, bytesTotal: 0, current: undefined }))
  expect(screen.lines).toEqual(['reading  12 files  450 MB  1,204,331 records  0/s'])
})
