import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { ATTR, MEDIA_TYPE } from '../../src/schemas/index.ts'
import {
  createQuarantineKeys,
  findQuarantined,
  listQuarantine,
  openItem,
  QuarantineFolder,
  readQuarantinePrivateKey,
} from '../../src/store/quarantine/index.ts'
import { allFiles, Bench, readTape } from '../collector/support.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'

const PROGRAM = fileURLToPath(new URL('./run-quarantine-collector.ts', import.meta.url))
const ROUNDS = Number(process.env['REPRISE_TEST_KILLS'] ?? 2)
const SEED = process.env['REPRISE_TEST_SEED'] ?? '20261121'
const keys = createQuarantineKeys()
const privateKey = readQuarantinePrivateKey(keys.privateKey)
const bench = new Bench()
const killed: (() => void)[] = []
afterEach(async () => {
  for (const kill of killed.splice(0)) kill()
  await bench.tearDown()
})

const hexOf = (length: number, ...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, length)
/** Says that it is MessagePack, and is not; large enough that writing it takes a while. */
const contentOf = (step: number): Buffer => Buffer.concat([Buffer.from([0xc1]), Buffer.from(`step ${step} `), Buffer.alloc(300_000, step)])
const bodyOf = (step: number): Uint8Array =>
  writeTraces(
    groupOf([
      bareSpan({
        spanId: hexOf(16, 'step', step),
        attributes: [
          [ATTR.kind, 'tool'],
          [ATTR.runId, '3'.repeat(32)],
          [ATTR.input, { bytes: contentOf(step) }],
          [ATTR.inputMediaType, MEDIA_TYPE.msgpack],
        ],
      }),
    ]),
  )

it('a collector that is killed leaves all of a quarantined item or nothing, and what is acknowledged has both its reason and its item', async () => {
  const store = join(bench.folder(), 'store')
  const folder = join(store, 'quarantine')
  const acknowledged = new Set<string>()
  let step = 0
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(
      process.execPath,
      ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', PROGRAM, store, keys.publicKey],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    killed.push(() => void child.kill('SIGKILL'))
    const [url] = (await once(createInterface(child.stdout), 'line')) as [string]
    // So many are acknowledged first; then it is killed while others are under way.
    const first = 2 + (Number.parseInt(hexOf(2, SEED, round), 16) % 5)
    const send = async (): Promise<void> => {
      const spanId = hexOf(16, 'step', step)
      const body = bodyOf(step++)
      const reply = await fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body })
      if (reply.status === 200) acknowledged.add(spanId)
      await reply.arrayBuffer()
    }
    for (let sent = 0; sent < first; sent++) await send()
    const underWay = Array.from({ length: 6 }, async () => await send().catch(() => undefined))
    await Promise.race(underWay)
    child.kill('SIGKILL')
    await Promise.all([once(child, 'exit'), ...underWay])
  }
  expect(acknowledged.size).toBeGreaterThanOrEqual(2 * ROUNDS)

  const listed = listQuarantine(folder)
  expect(listed.unreadable).toBe(0)
  const contents = new Map<string, Set<string>>()
  for (const { id, spanId = '' } of listed.items) {
    const { content } = openItem(privateKey, readFileSync(findQuarantined(folder, id).path))
    contents.set(spanId, (contents.get(spanId) ?? new Set()).add(createHash('sha256').update(content).digest('hex')))
  }
  for (let sent = 0; sent < step; sent++) {
    const whole = createHash('sha256').update(contentOf(sent)).digest('hex')
    for (const content of contents.get(hexOf(16, 'step', sent)) ?? []) expect(content, `step ${sent}`).toBe(whole)
  }
  const { spans } = await readTape(store)
  for (const { core } of spans) expect(core.payloads).toMatchObject([{ role: 'input', withheld: 'redactor_failed' }])
  const kept = new Set(spans.map(({ core }) => core.spanId))
  for (const spanId of acknowledged) {
    expect(kept, spanId).toContain(spanId)
    expect([...contents.keys()], spanId).toContain(spanId)
  }
  // What the kill left half-written goes when the folder is next opened for writing, and nothing else.
  new QuarantineFolder(folder, { maxBytes: 1e9, maxItems: 1000 }).prepare()
  expect(allFiles(folder)).toHaveLength(listed.items.length)
})
