import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadRecording, type Recording, replay } from '../../../src/replay/index.ts'
import { agent, currentRun, instrument } from '../../../src/sdk/index.ts'
import { expectExact, reasonsOf } from '../expect-exact.ts'
import { recordPrograms } from '../record-programs.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const FLAG = 'REPRISE_TEST_FLAG'
const folder = await temporaryFolder()
const prices = join(folder, 'prices.json')
const MAIL = 'ana.lopez@northwind-labs.com'

let calls = 0
const flag = (): string | undefined =>
  currentRun().read('flag', () => {
    calls++
    return process.env[FLAG]
  })

const program = instrument(async function program() {
  const branch = agent(async (name: string) => [name, flag(), await currentRun().read(name, async () => await readFile(prices, 'utf8'))], {
    name: 'branch',
  })
  const sync = currentRun().read('bytes', () => readFileSync(prices))
  let missing = ''
  try {
    currentRun().read('missing', () => readFileSync(join(folder, 'none')))
  } catch (error) {
    missing = String((error as NodeJS.ErrnoException).code)
  }
  process.env[FLAG] = 'changed'
  const unset = currentRun().read('unset', () => process.env['REPRISE_TEST_UNSET'])
  return [flag(), sync.toString(), Buffer.isBuffer(sync), missing, unset, await Promise.all(['a', 'b'].map(branch))]
})

async function recorded(): Promise<Recording> {
  const folders = await recordPrograms(program)
  return await loadRecording(folders.get('program') ?? '')
}

it('gives what was read when it was recorded, and reads nothing', async () => {
  process.env[FLAG] = 'first'
  await writeFile(prices, `{"tea":3,"ask":"${MAIL}"}`)
  const recording = await recorded()
  process.env[FLAG] = 'other'
  await writeFile(prices, '{}')
  const before = calls
  const verdict = await replay(recording, program)
  expectExact(verdict)
  expect(verdict.counts.served).toBe(8)
  expect(verdict.unrecorded).toBeUndefined()
  expect(calls).toBe(before)
  const texts = recording.nodes.map(({ record }) => recording.payloadOf(record, 'output'))
  const kept = texts.map((payload) => (payload.state === 'present' ? Buffer.from(payload.data).toString() : '')).join('\n')
  expect(kept).toContain('<email:')
  expect(kept).not.toContain(MAIL)
})

it('tells of a read that the recording does not have', async () => {
  const folders = await recordPrograms(instrument(async () => flag() === undefined, { name: 'one' }))
  const other = instrument(async () => [flag(), currentRun().read('more', () => 1)], { name: 'one' })
  const verdict = await replay(await loadRecording(folders.get('one') ?? ''), other)
  expect(reasonsOf(verdict)).toContain('unmatched')
})

it('only reads, outside of a run', () => {
  process.env[FLAG] = 'outside'
  expect(flag()).toBe('outside')
  expect(currentRun().read('none', () => undefined)).toBeUndefined()
})
