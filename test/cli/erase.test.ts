import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { digestOf } from '../../src/schemas/public.ts'
import { frameHeader } from '../../src/sdk/spool/frames.ts'
import { SpoolFolder } from '../../src/sdk/spool/spool-folder.ts'
import { askForErasure, openStore } from '../../src/store/index.ts'
import {
  createQuarantineKeys,
  listQuarantine,
  QuarantineFolder,
  readQuarantinePublicKey,
  sealItem,
} from '../../src/store/quarantine/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { appendSpans, hexOf, RUN, sketchOf } from '../store/support/records.ts'
import { finish, runCli, spawnCli, startUp } from './run-cli.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-erase-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const OTHER = hexOf(32, 'other')
const ABSENT = hexOf(32, 'absent')
const SECRET = `"what nobody shall read ${'again '.repeat(40)}"`
const SHARED = `"what both were told ${'too '.repeat(40)}"`

async function filled(steps = 3): Promise<string> {
  const dir = join(folder, 'store')
  const store = await openStore(dir, { mode: 'write' })
  await appendSpans(
    store,
    ...Array.from({ length: steps }, (_, index) => [
      sketchOf(RUN, index, { content: { input: index === 0 ? SECRET : `"${index} ${hexOf(60, index)}"`, output: SHARED } }),
      sketchOf(OTHER, index, { content: { output: SHARED } }),
    ]).flat(),
  )
  await store.close()
  return dir
}

/** Files of the store that hold a text as it is, which nothing that was just written compresses. */
function holding(dir: string, text: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(dir, name)
    return statSync(path).isFile() && readFileSync(path).includes(text)
  })
}

it('erases a run, says what stays and what it does not reach, and the store verifies', async () => {
  const store = await filled()
  expect(holding(store, SECRET)).not.toEqual([])
  const preview = await runCli(['erase', RUN, '--dry-run', '--store', store])
  expect(preview).toMatchObject({ code: 0, stdout: expect.stringContaining('would erase: 3 payloads, 6 references in 3 records') })
  expect(holding(store, SECRET)).not.toEqual([])

  const erased = await runCli(['erase', RUN, '--store', store])
  expect(erased.stdout).toContain('erased: 3 payloads, 6 references in 3 records')
  expect(erased.stdout).toContain('1 payload stay: other records refer to them (--everywhere)')
  expect(erased.stderr).toContain('not reached: backups by copy, exported recordings, and what was forwarded')
  expect(erased.code).toBe(0)
  expect(holding(store, SECRET)).toEqual([])
  const verified = await runCli(['verify', '--store', store])
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('6 payloads erased') })
  expect((await runCli(['show', RUN, '--store', store])).stdout).toMatch(/input [0-9]+ B erased/)
  // Again, and of a run that is not there.
  expect(JSON.parse((await runCli(['erase', RUN, '--json', '--store', store])).stdout)).toMatchObject({
    schema: 'reprise.erasure/1',
    references: 0,
    payloads: 0,
  })
  expect((await runCli(['erase', ABSENT, '--store', store])).stderr).toContain(`no run '${ABSENT}'`)
}, 30_000)

it('erases by digest, and everywhere when asked', async () => {
  const store = await filled()
  const digest = digestOf(SECRET)
  expect((await runCli(['erase', digest, '--store', store])).stdout).toContain('erased: 1 payload, 1 reference in 1 record')
  expect((await runCli(['erase', RUN, '--everywhere', '--store', store])).stdout).toContain('erased: 3 payloads, 8 references in 6 records')
  expect(holding(store, SHARED)).toEqual([])
  expect((await runCli(['verify', '--store', store])).code).toBe(0)
}, 30_000)

it('discards what of the run was sealed in the quarantine, and nothing of another', async () => {
  const store = await filled(1)
  const path = join(store, 'quarantine')
  const quarantine = new QuarantineFolder(path, { maxBytes: 1_000_000, maxItems: 10 })
  quarantine.prepare()
  const key = readQuarantinePublicKey(createQuarantineKeys().publicKey)
  const policy = { id: 'default', version: '1', digest: digestOf('') }
  quarantine.keep(
    [RUN, OTHER].map((runId) =>
      sealItem(
        key,
        'k',
        { reason: 'redactor_failed', namespace: 'local', runId, role: 'input', mediaType: 'text/plain', policy },
        Buffer.from(SECRET),
      ),
    ),
  )
  expect(listQuarantine(path).items).toHaveLength(2)
  expect((await runCli(['erase', digestOf(SECRET), '--store', store])).stdout).not.toContain('quarantine')
  expect(listQuarantine(path).items).toHaveLength(2)
  expect((await runCli(['erase', RUN, '--store', store])).stdout).toContain('1 item of the quarantine')
  expect(listQuarantine(path).items.map(({ runId }) => runId)).toEqual([OTHER])
}, 30_000)

it('takes in the spool first, so that what is in it is reached', async () => {
  const store = await filled()
  const spool = new SpoolFolder(join(store, 'spool'))
  spool.prepare()
  const body = writeTraces(
    groupOf([
      bareSpan({
        traceId: ABSENT,
        spanId: hexOf(16, 'spooled'),
        name: 'spooled',
        attributes: [['gen_ai.input.messages', SECRET.repeat(3)]],
      }),
    ]),
  )
  const frame = { body, spans: 1 }
  spool.write('00000000', 1, [frameHeader(frame), body])
  expect(holding(join(store, 'spool'), SECRET)).toHaveLength(1)
  const erased = await runCli(['erase', ABSENT, '--store', store])
  expect(erased.stdout).toContain('erased: 1 payload, 1 reference in 1 record')
  expect(holding(join(store, 'spool'), SECRET)).toEqual([])
  expect(holding(store, SECRET.repeat(3))).toEqual([])
  expect((await runCli(['verify', '--store', store])).code).toBe(0)
}, 30_000)

const spanIn = (run: string, number: number, content: string): Uint8Array =>
  writeTraces(
    groupOf([
      bareSpan({
        traceId: run,
        spanId: hexOf(16, run, number),
        name: `step ${number}`,
        attributes: [['gen_ai.input.messages', content.repeat(3)]],
      }),
    ]),
  )

it('beside a collector has it do so, while senders go on: what is in the spool is reached, nothing acknowledged is lost', async () => {
  const store = join(folder, 'store')
  const up = await startUp(store)
  let code: number | null = null
  try {
    const send = async (body: Uint8Array): Promise<void> => {
      const headers = { 'content-type': 'application/x-protobuf' }
      const { status } = await fetch(`${up.url}/v1/traces`, { method: 'POST', headers, body: Uint8Array.from(body) })
      expect(status).toBe(200)
    }
    await send(spanIn(RUN, 0, SECRET))
    await send(spanIn(OTHER, 0, SHARED))
    const digestsOf = async (run: string): Promise<string[]> => {
      type Answer = { steps?: { refs: { digest: string }[] }[] }
      const { steps = [] } = (await (await fetch(`${up.url}/api/v1/runs/${run}/steps`)).json()) as Answer
      return steps.flatMap(({ refs }) => refs.map(({ digest }) => digest))
    }
    await expect.poll(async () => [(await digestsOf(RUN)).length, (await digestsOf(OTHER)).length]).toEqual([1, 1])
    const [secret, others] = [await digestsOf(RUN), await digestsOf(OTHER)]
    let going = true
    let sent = 1
    const sending = (async () => {
      for (; going; sent++) await send(spanIn(OTHER, sent, `"${sent} ${hexOf(60, sent)}"`))
    })()
    const spool = new SpoolFolder(join(store, 'spool'))
    spool.prepare()
    const body = spanIn(RUN, 1, SECRET)
    spool.write('00000000', 1, [frameHeader({ body, spans: 1 }), body])

    const erased = await runCli(['erase', RUN, '--json', '--store', store])
    expect(erased.code, erased.stderr).toBe(0)
    expect(JSON.parse(erased.stdout)).toMatchObject({ schema: 'reprise.erasure/1', references: 2, records: 2, spoolFiles: 0 })
    expect(holding(store, SECRET)).toEqual([])
    going = false
    await sending
    for (const digest of secret) expect((await fetch(`${up.url}/api/v1/artifacts/${digest}`)).status).toBe(404)
    for (const digest of others) expect((await fetch(`${up.url}/api/v1/artifacts/${digest}`)).status).toBe(200)
    await send(spanIn(OTHER, sent, SHARED))

    expect((await runCli(['erase', RUN, '--store', store])).stdout).toContain('erased: 0 payloads')
    expect(await runCli(['erase', ABSENT, '--store', store])).toMatchObject({ code: 1, stderr: expect.stringContaining(ABSENT) })
    expect((await runCli(['show', RUN, '--store', store])).stdout).toMatch(/gen_ai.input.messages [0-9]+ B erased/)
    const run = (await (await fetch(`${up.url}/api/v1/runs/${OTHER}`)).json()) as { steps: number }
    expect(run.steps).toBe(sent + 1)
    expect(readdirSync(join(store, 'requests'))).toEqual([])
    expect(await runCli(['verify', '--store', store])).toMatchObject({ code: 0, stdout: expect.stringContaining('2 payloads erased') })
  } finally {
    code = await up.stop()
  }
  expect(code).toBe(0)
}, 60_000)

it('erases itself where the collector that had taken its request is gone', async () => {
  const dir = await filled()
  const store = await openStore(dir, { mode: 'write' })
  store.tellUrl('http://127.0.0.1:9')
  const child = spawnCli(['erase', RUN, '--store', dir])
  const ended = finish(child)
  const requests = join(dir, 'requests')
  let asked: string | undefined
  while (asked === undefined && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    asked = existsSync(requests) ? readdirSync(requests).find((name) => name.endsWith('.request')) : undefined
  }
  expect(asked, (await Promise.race([ended, undefined]))?.stderr).toBeDefined()
  renameSync(join(requests, asked ?? ''), join(requests, (asked ?? '').replace('.request', '.taken')))
  await store.close()
  const { code, stdout, stderr } = await ended
  expect(code, stderr).toBe(0)
  expect(stdout).toContain('erased: 3 payloads, 6 references in 3 records')
  expect(readdirSync(requests)).toEqual([])
  expect(holding(dir, SECRET)).toEqual([])
}, 30_000)

it('takes back what it asked for where the writer takes no requests', async () => {
  const dir = await filled()
  const store = await openStore(dir, { mode: 'write' })
  store.tellUrl('http://127.0.0.1:9')
  try {
    expect(await askForErasure(dir, { runId: RUN }, 1_000)).toBeUndefined()
    expect(readdirSync(join(dir, 'requests'))).toEqual([])
    expect(holding(dir, SECRET)).not.toEqual([])
  } finally {
    await store.close()
  }
}, 30_000)

it('refuses beside a writer that is no collector, and what is no whole id', async () => {
  const dir = await filled()
  const store = await openStore(dir, { mode: 'write' })
  try {
    expect((await runCli(['erase', RUN, '--store', dir])).stderr).toContain(`${process.pid}`)
    expect(holding(dir, SECRET)).not.toEqual([])
  } finally {
    await store.close()
  }
  for (const wanted of [[RUN.slice(0, 8)], ['sha256:12'], [RUN, OTHER]])
    expect(await runCli(['erase', ...wanted, '--store', dir])).toMatchObject({ code: 2 })
}, 30_000)

it('killed at any moment it has erased all once it is run again', async () => {
  let cutShort = 0
  for (let round = 0; round < 2; round++) {
    const store = await filled(150)
    const child = spawnCli(['erase', RUN, '--store', store])
    const ended = finish(child)
    // From the decision on, a little later each time.
    while (!existsSync(join(store, 'erasing.json')) && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve))
    for (const until = performance.now() + round * 5; performance.now() < until; ) await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGKILL')
    await ended
    if (existsSync(join(store, 'erasing.json'))) cutShort++
    const again = await runCli(['erase', RUN, '--store', store])
    expect(again.code, again.stderr).toBe(0)
    expect(holding(store, SECRET)).toEqual([])
    expect(await runCli(['verify', '--store', store])).toMatchObject({ code: 0, stdout: expect.stringContaining('300 payloads erased') })
    rmSync(store, { recursive: true })
  }
  expect(cutShort).toBeGreaterThan(0)
}, 60_000)
