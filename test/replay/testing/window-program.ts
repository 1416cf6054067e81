// `window-program.ts FILE new URL` records, `window-program.ts FILE none URL` replays, as a test in FILE would under jsdom: there arrays of bytes are
// of another realm than Node's, and in Jest timers are numbers, and there is no setImmediate and no web stream. With those gone nothing can
// be sent, and so recorded. Prints what the program gave.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setInterval as every, setTimeout as start, clearTimeout as stop } from 'node:timers'
import { runInNewContext } from 'node:vm'

const LACKING = ['setImmediate', 'clearImmediate', 'ReadableStream']
const [file = '', update, url = ''] = process.argv.slice(2)
const timers = new Map<unknown, NodeJS.Timeout>()
const numbered =
  (begin: (fn: () => void, millis: number) => NodeJS.Timeout) =>
  (fn: () => void, millis: number): number => {
    const timer = begin(fn, millis)
    timers.set(Number(timer), timer)
    return Number(timer)
  }
const clear = (id: unknown): void => stop(timers.get(id))
globalThis.Uint8Array = runInNewContext('Uint8Array')
if (update === 'none') {
  Object.assign(globalThis, { setTimeout: numbered(start), setInterval: numbered(every), clearTimeout: clear, clearInterval: clear })
  for (const name of LACKING) Reflect.deleteProperty(globalThis, name)
}

const { openRecorded } = await import('../../../src/replay/index.ts')
const { instrument, model } = await import('../../../src/sdk/index.ts')

async function textOf(url: string): Promise<string> {
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
  return (await response.setEncoding('utf8').toArray()).join('')
}

const chat = model(
  async function* chat(prompt: string) {
    yield* [prompt, 'a', 'b']
  },
  { name: 'chat' },
)

const program = instrument(async function program() {
  const seen: unknown[] = []
  const never = setTimeout(() => seen.push('cleared'), 1)
  clearTimeout(never)
  seen.push(await textOf(url))
  await new Promise<void>((resolve) => {
    const interval = setInterval(() => {
      if (seen.push('tick') < 6) return
      clearInterval(interval)
      resolve()
    }, 2)
  })
  for await (const piece of chat('c')) seen.push(piece)
  return seen
})

const recordings = openRecorded({ file, update: update === 'none' ? 'none' : 'new', wire: true })
const outcome = recordings.of('window')(program)
console.log(JSON.stringify(await outcome.catch((error: Error) => error.message)))
await recordings.close()
if (update === 'none') for (const name of LACKING) if (name in globalThis) throw new Error(`a window that had no ${name} got one`)
