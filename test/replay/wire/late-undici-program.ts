// A program that loads its client while it runs. `late-undici-program.ts RECORDING` replays it in a process that has not loaded that
// before, and prints what came of it.
import { createRequire } from 'node:module'
import { instrument } from '../../../src/sdk/index.ts'

export const late = instrument(async function late(url = '') {
  const { Client } = await import('undici')
  const { origin, pathname: path } = new URL(url)
  const client = new Client(origin)
  const { body } = await client.request({ method: 'GET', path })
  const text = await body.text()
  await client.destroy()
  return text
})

if (process.argv[1] === import.meta.filename) {
  const { loadRecording, replay } = await import('../../../src/replay/index.ts')
  const recording = await loadRecording(process.argv[2] ?? '')
  const { cache, resolve } = createRequire(import.meta.url)
  const entry = resolve('undici')
  const before = entry in cache
  const { label, counts } = await replay(recording, late)
  console.log(JSON.stringify({ label, served: counts.served, before, after: entry in cache }))
}
