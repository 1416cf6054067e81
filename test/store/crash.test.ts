import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { CRASH_RUN } from './support/raw-record.ts'
import { readAllLines, temporaryFolder } from './support/records.ts'

const CYCLES = Number(process.env['REPRISE_CRASH_CYCLES'] ?? 15)

/** Runs the writer until it has acknowledged something, then some moments more; gives what it acknowledged. */
async function writeAndKill(dir: string, first: number, moments: number): Promise<number[]> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('support/crash-writer.ts', import.meta.url)), dir, String(first)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), moments))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  await new Promise((resolve) => child.once('close', resolve))
  expect(errors).toBe('')
  // The last line may be cut; without its end it does not count.
  return output
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== '')
    .map(Number)
}

test('what was acknowledged before a kill -9 is stored, once, with its payloads, and the tape goes on', {
  timeout: 60_000 + CYCLES * 5_000,
}, async () => {
  const dir = temporaryFolder()
  const acknowledged = new Set<number>()
  let cut = 0
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const first = cycle * 1_000_000
    for (const number of await writeAndKill(dir, first, Math.random() * 120)) acknowledged.add(number)
    const store = await openStore(dir, { mode: 'write' })
    cut += store.recovered.cut.length
    const stored = (await readAllLines(store)).map((line) => Number(JSON.parse(line).core.sequence))
    const unique = new Set(stored)
    expect(stored.length).toBe(unique.size)
    expect([...acknowledged].filter((number) => !unique.has(number))).toEqual([])
    if (cycle % 5 === 4 || cycle === CYCLES - 1) {
      expect((await store.checkStore()).problems).toEqual([])
      await store.index.catchUp()
      expect(store.index.readRun(CRASH_RUN)?.steps).toBe(unique.size)
      expect(store.readRunRecords(CRASH_RUN).map(({ core }) => core.sequence)).toEqual([...unique].sort((left, right) => left - right))
    }
    await store.close()
  }
  expect(acknowledged.size).toBeGreaterThan(CYCLES)
  console.log(
    `receipt: ${CYCLES} kills, ${acknowledged.size} acknowledged, 0 lost, 0 doubled, ${cut} tails cut, ${readdirSync(join(dir, 'segments')).length} segments`,
  )
})
