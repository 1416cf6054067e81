import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const COLLECTOR = new URL('../../src/collector/index.ts', import.meta.url).href
const SDK = new URL('../../src/sdk/index.ts', import.meta.url).href
const STORE = new URL('../../src/store/index.ts', import.meta.url).href

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-started-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Takes a step over HTTP with worker threads, asks the index thread for it, and has the sealing thread seal it. */
const PROGRAM = `
import { startCollector } from ${JSON.stringify(COLLECTOR)}
import { startRecorder, flush, tool } from ${JSON.stringify(SDK)}
import { openStore } from ${JSON.stringify(STORE)}
const collector = await startCollector({ store: process.env.STORE, port: 0, workers: 1, log: () => {} })
const recorder = startRecorder({ endpoint: collector.url })
await tool((text) => text, { name: 'echo' })('hello')
const { failed } = await flush()
let runs = []
for (let tries = 0; tries < 200 && runs.length === 0; tries++) {
  runs = (await (await fetch(collector.url + '/api/v1/runs')).json()).runs
  if (runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
}
const ready = await (await fetch(collector.url + '/readyz')).json()
await recorder.stop()
await collector.close()
const store = await openStore(process.env.STORE, { mode: 'write', seal: true, segmentRollBytes: 1 })
const sealed = await store.seal()
await store.close()
console.log(JSON.stringify({ failed, runs: runs.length, ready: ready.ready, workersLost: ready.stats.workersLost, problem: sealed.problem ?? null }))
`

/** Runs the program with these arguments; gives what it printed at the end. */
async function started(args: readonly string[]): Promise<unknown> {
  const env = { ...process.env, STORE: join(folder, 'store'), REPRISE_SPOOL: 'false', NODE_OPTIONS: '' }
  const { stdout } = await run(process.execPath, [...args], { env, timeout: 25_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

const WORKS = { failed: 0, runs: 1, ready: true, workersLost: 0, problem: null }

describe('a collector works whatever its program was started with', () => {
  it('from text on the command line', async () => {
    expect(await started(['--input-type=module', '-e', PROGRAM])).toEqual(WORKS)
  })

  it('with a module that is loaded first, which is not loaded again by any thread', async () => {
    const program = join(folder, 'program.mjs')
    writeFileSync(program, PROGRAM)
    const loaded = join(folder, 'loaded')
    mkdirSync(join(folder, 'first'))
    const first = join(folder, 'first', 'first.mjs')
    writeFileSync(first, `import { appendFileSync } from 'node:fs'\nappendFileSync(${JSON.stringify(loaded)}, 'once\\n')\n`)
    expect(await started(['--import', first, program])).toEqual(WORKS)
    expect(readFileSync(loaded, 'utf8')).toBe('once\n')
  })
})
