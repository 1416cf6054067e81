// A recorded program that does not end by itself, for tests that kill it. Prints the number of the last step that a flush has told
// to be durable.
import { setTimeout as pause } from 'node:timers/promises'
import { flush, instrument, startRecorder, tool } from '../../src/sdk/index.ts'

const [endpoint = '', store = ''] = process.argv.slice(2)
startRecorder({
  endpoint,
  store,
  exporter: 'reprise',
  spool: true,
  flushIntervalMillis: 15,
  queueMaxBytes: 64 * 1024,
  flushTimeoutMillis: 300,
})

let number = 0
await instrument(
  async () => {
    for (;;) {
      tool((text: string) => text, { name: `step ${number}` })('x'.repeat(300))
      number++
      if (number % 5 === 0) await pause(1)
      if (number % 20 !== 0) continue
      const last = number - 1
      const { failed, dropped } = await flush()
      if (failed === 0 && dropped === 0) process.stdout.write(`${last}\n`)
    }
  },
  { name: 'endless' },
)()
