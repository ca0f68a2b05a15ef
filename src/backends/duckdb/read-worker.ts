import { parentPort, workerData } from 'node:worker_threads'
import { loadContent } from '../../content/load.js'
import type { SchemaMap } from '../../events/schema-map.js'
import type { FromReader, ReaderData, ToReader } from './ingest.js'
import { ReadSession } from './read-session.js'

// The thread side of `ingest`: reads the files it is given, hands over what it has read, and waits for a hand-over to be taken
// before it makes the one after the next, so that memory stays bounded however slow the store is.

const { model, folder, name } = workerData as ReaderData
const port = parentPort
if (port === null) throw new Error('read-worker runs on a worker thread')

const send = (message: FromReader): void => port.postMessage(message)
const taken: (() => void)[] = []
let last: Promise<void> = Promise.resolve()

const session = new ReadSession(
  model,
  loadContent<SchemaMap>('schemas'),
  folder,
  name,
  async (delivery) => {
    await last
    last = new Promise((resolve) => taken.push(resolve))
    send({ type: 'delivery', delivery })
  },
  (progress) => send({ type: 'progress', progress }),
)

port.on('message', (message: ToReader) => {
  handle(message).catch((error) =>
    send({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  )
})

async function handle(message: ToReader): Promise<void> {
  switch (message.type) {
    case 'taken':
      taken.shift()?.()
      return
    case 'read':
      await session.read(message.file)
      send({ type: 'ready' })
      return
    case 'finish':
      await session.flush()
      await last
      send({ type: 'finished' })
  }
}

send({ type: 'ready' })
