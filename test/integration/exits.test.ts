import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type Collector, startCollector } from '../../src/collector/index.ts'
import { SpoolFolder } from '../../src/sdk/spool/index.ts'
import { openStore } from '../../src/store/index.ts'
import { ExitBench, freePort } from '../sdk/exit-programs.ts'

/** 1,000 and more by hand: `REPRISE_EXIT_SCRIPTS=1000 vitest run test/integration/exits.test.ts`. */
const SCRIPTS = Number(process.env['REPRISE_EXIT_SCRIPTS'] ?? 36)
const AT_ONCE = 4

const WAYS: Readonly<Record<string, { readonly end: string; readonly code: number | null; readonly signal?: NodeJS.Signals }>> = {
  return: { end: '', code: 0 },
  exit: { end: 'process.exit(3)', code: 3 },
  throw: { end: "throw new Error('thrown')", code: 1 },
  reject: { end: "Promise.reject(new Error('rejected')); await new Promise(() => setTimeout(() => {}, 1000))", code: 1 },
  term: { end: "process.kill(process.pid, 'SIGTERM'); await new Promise(() => setTimeout(() => {}, 5000))", code: null, signal: 'SIGTERM' },
  int: { end: "process.kill(process.pid, 'SIGINT'); await new Promise(() => setTimeout(() => {}, 5000))", code: null, signal: 'SIGINT' },
}
const NAMES = Object.keys(WAYS)

function programOf(end: string, steps: number): string {
  return `
import { currentRun, instrument, tool } from 'reprise'
const ask = tool(async (number) => ({ number, text: 'an answer'.repeat(20) }), { name: 'ask' })
await instrument(async function main() {
  for (let number = 0; number < ${steps}; number++) await ask(number)
  console.log(JSON.stringify({ runId: currentRun().id }))
  ${end}
})()`
}

const bench = new ExitBench()
const folder = mkdtempSync(join(tmpdir(), 'reprise-exits-'))
let collector: Collector | undefined
afterAll(async () => {
  await collector?.close()
  bench.remove()
  rmSync(folder, { recursive: true, force: true })
})

test(
  `${SCRIPTS} short scripts, collector there or not: what they recorded is what is stored, once`,
  async () => {
    const store = join(folder, 'store')
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const open = async (): Promise<void> => {
      collector = await startCollector({ store, port, log: () => {} })
    }
    const shut = async (): Promise<void> => {
      await collector?.close()
      collector = undefined
    }
    /** Steps that had ended when the script did, by run. */
    const recorded = new Map<string, { steps: number; mainEnded: boolean }>()
    const runOne = async (index: number): Promise<void> => {
      const name = NAMES[index % NAMES.length] ?? 'return'
      const way = WAYS[name] ?? { end: '', code: 0 }
      const steps = 1 + (index % 5)
      const end = await bench.run(programOf(way.end, steps), { env: { REPRISE_ENDPOINT: url, REPRISE_STORE: store } })
      expect({ name, code: end.code, signal: end.signal }).toEqual({ name, code: way.code, signal: way.signal ?? null })
      const { runId } = JSON.parse(end.stdout) as { runId: string }
      recorded.set(runId, { steps, mainEnded: name === 'return' || name === 'throw' })
    }
    await open()
    for (let from = 0; from < SCRIPTS; from += AT_ONCE) {
      // It comes and goes all the time, also while scripts send to it.
      const batch = Promise.all(Array.from({ length: Math.min(AT_ONCE, SCRIPTS - from) }, (_, index) => runOne(from + index)))
      if ((from / AT_ONCE) % 3 === 1) await shut()
      else if (collector === undefined) await open()
      await batch
    }
    if (collector === undefined) await open()
    const spool = new SpoolFolder(join(store, 'spool'))
    const limit = Date.now() + 30_000
    while (spool.list().length > 0 && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(spool.list()).toEqual([])
    await shut()

    expect(recorded.size).toBe(SCRIPTS)
    const reader = await openStore(store, { mode: 'read' })
    try {
      for (const [runId, { steps, mainEnded }] of recorded) {
        const records = reader.readRunRecords(runId).map(({ core }) => core)
        const ended = records.filter(({ pending }) => pending !== true)
        expect({ runId, ended: ended.length, all: records.length }).toEqual({ runId, ended: steps + (mainEnded ? 1 : 0), all: steps + 1 })
        expect(new Set(records.map(({ spanId }) => spanId)).size).toBe(records.length)
      }
    } finally {
      await reader.close()
    }
  },
  Math.max(180_000, SCRIPTS * 3_000),
)
