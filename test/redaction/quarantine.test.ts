import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { runSteps } from '../../src/collector/pipeline/batch.ts'
import { createPrepareContext, type PrepareContext, prepareSteps } from '../../src/collector/pipeline/prepare.ts'
import { decodeTraces } from '../../src/otlp/index.ts'
import { createRedactor, type Redactor } from '../../src/redaction/index.ts'
import { ATTR, MEDIA_TYPE } from '../../src/schemas/index.ts'
import {
  createQuarantineKeys,
  discardQuarantined,
  findQuarantined,
  listQuarantine,
  openItem,
  QuarantineFolder,
  readQuarantinePrivateKey,
  readQuarantinePublicKey,
  sealItem,
} from '../../src/store/quarantine/index.ts'
import { runCli } from '../cli/run-cli.ts'
import { allFiles, Bench, filesWith, post } from '../collector/support.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'

const bench = new Bench()
afterEach(async () => await bench.tearDown())

const keys = createQuarantineKeys()
const privateKey = readQuarantinePrivateKey(keys.privateKey)
const draft = {
  reason: 'redactor_failed',
  namespace: 'local',
  role: 'input',
  mediaType: 'text/plain',
  policy: { id: 'default', version: '3', digest: 'sha256:00' },
}
const seal = (content: Uint8Array, publicKey = keys.publicKey): ReturnType<typeof sealItem> =>
  sealItem(readQuarantinePublicKey(publicKey), 'k', draft, content)

describe('a sealed item', () => {
  it('opens with the private key alone, and tells nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (content) => {
        const { bytes } = seal(content)
        expect(openItem(privateKey, bytes).content.equals(content)).toBe(true)
        if (content.length > 8) expect(Buffer.from(bytes).includes(Buffer.from(content))).toBe(false)
      }),
      { numRuns: 50 },
    )
    const other = readQuarantinePrivateKey(createQuarantineKeys().privateKey)
    const { bytes } = seal(Buffer.from('a secret'))
    expect(() => openItem(other, bytes)).toThrow(expect.objectContaining({ code: 'integrity' }))
    expect(seal(Buffer.from('a secret')).bytes).not.toEqual(bytes)
  })
  it('is refused where any byte of it was changed, the header included', () => {
    const { bytes } = seal(Buffer.from('a secret of some length'))
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      expect(() => openItem(privateKey, changed), `byte ${at}`).toThrow(expect.objectContaining({ code: 'integrity' }))
    }
    expect(() => openItem(privateKey, bytes.subarray(0, -1))).toThrow(expect.objectContaining({ code: 'integrity' }))
  })
  it('is sealed for nothing that is no key', () => {
    for (const key of ['', 'x25519:short', keys.privateKey, `x25519:${'é'.repeat(43)}`])
      expect(() => readQuarantinePublicKey(key)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    expect(() => readQuarantinePrivateKey('nothing of the kind')).toThrow(/no X25519 private key/)
  })
})

describe('the folder', () => {
  it('holds no more than it may, counts the rest, and takes again when there is room', async () => {
    const path = join(bench.folder(), 'quarantine')
    const folder = new QuarantineFolder(path, { maxBytes: 100_000, maxItems: 3 })
    folder.prepare()
    folder.keep(
      [1, 2, 3, 4, 5].map((n) => seal(Buffer.from(`item ${n}`))),
      { too_large: 2 },
    )
    expect(folder.stats()).toMatchObject({ kept: 3, items: 3, dropped: { full: 2, too_large: 2 } })
    const { items } = listQuarantine(path)
    expect(items).toHaveLength(3)
    expect(discardQuarantined(path, [items[0]!.id])).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    folder.keep([seal(Buffer.from('item 6'))])
    expect(folder.stats()).toMatchObject({ kept: 4, items: 3 })
    const small = new QuarantineFolder(join(bench.folder(), 'q'), { maxBytes: 1_000, maxItems: 3 })
    small.prepare()
    small.keep([seal(Buffer.alloc(900))])
    expect(small.stats()).toMatchObject({ kept: 0, dropped: { full: 1 } })
  })
  it('begins anew after a crash: half-written files go, whole ones stay, foreign ones are counted', () => {
    const path = join(bench.folder(), 'quarantine')
    const folder = new QuarantineFolder(path, { maxBytes: 100_000, maxItems: 10 })
    folder.prepare()
    folder.keep([seal(Buffer.from('whole'))])
    const [item] = listQuarantine(path).items
    writeFileSync(join(path, `.${'a'.repeat(32)}.item.0123456789ab.tmp`), 'half')
    writeFileSync(join(path, `${'b'.repeat(32)}.item`), readFileSync(findQuarantined(path, item!.id.slice(0, 6)).path))
    new QuarantineFolder(path, { maxBytes: 100_000, maxItems: 10 }).prepare()
    expect(allFiles(path)).toHaveLength(2)
    expect(listQuarantine(path)).toMatchObject({ items: [item], unreadable: 1 })
    for (const file of allFiles(path).filter((name) => name.includes(item!.id))) expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(() => findQuarantined(path, '../x')).toThrow(/no item/)
  })
})

const failing = (): Redactor => {
  const redactor = createRedactor({ key: new Uint8Array(32) })
  const fail = (text: string): void => {
    if (text.includes('POISON')) throw new Error('POISON')
  }
  return {
    ...redactor,
    redactText: (text, field) => {
      fail(text)
      return redactor.redactText(text, field)
    },
    redactPayload: (mediaType, data, field) => {
      fail(typeof data === 'string' ? data : Buffer.from(data).toString('latin1'))
      return redactor.redactPayload(mediaType, data, field)
    },
  }
}

const poisoned = writeTraces(
  groupOf([
    bareSpan({
      name: 'name POISON',
      spanId: '00000000000000aa',
      status: { code: 2, message: 'status POISON' },
      attributes: [
        [ATTR.kind, 'model'],
        [ATTR.runId, '1'.repeat(32)],
        [ATTR.input, '["input POISON"]'],
        ['note', 'note POISON'],
        ['list', { array: ['list POISON', { int: 5n }, { bytes: Buffer.from('b') }] }],
        ['gen_ai.prompt', 'prompt POISON'],
      ],
    }),
  ]),
)
const prepare = (context: PrepareContext): ReturnType<typeof runSteps> =>
  runSteps(prepareSteps(decodeTraces(poisoned, 'protobuf'), context), context)

describe('withheld content', () => {
  it('is sealed with its place, each as it came', () => {
    const context = createPrepareContext({ namespace: 'local', redactor: failing(), quarantineKey: keys.publicKey })
    const { quarantined, withheld } = prepare(context)
    const opened = (quarantined?.items ?? []).map(({ bytes }) => openItem(privateKey, bytes))
    expect(Object.fromEntries(opened.map(({ header, content }) => [header.role, content.toString()]))).toEqual({
      '/name': 'name POISON',
      '/status/message': 'status POISON',
      input: '["input POISON"]',
      '/attributes/note': 'note POISON',
      '/attributes/list': '{"array":["list POISON",{"int":"5"},{"bytes":"Yg=="}]}',
      '/attributes/gen_ai.prompt': 'prompt POISON',
    })
    expect(withheld).toEqual({ redactor_failed: 6 })
    for (const { header } of opened)
      expect(header).toMatchObject({ runId: '1'.repeat(32), spanId: '00000000000000aa', reason: 'redactor_failed', severity: 'error' })
  })
  it('is not kept anywhere without a key', () => {
    const { quarantined, withheld } = prepare(createPrepareContext({ namespace: 'local', redactor: failing() }))
    expect(quarantined).toBeUndefined()
    expect(withheld).toEqual({ redactor_failed: 6 })
  })
  it('of one part is bounded', () => {
    const context = createPrepareContext({ namespace: 'local', redactor: failing(), quarantineKey: keys.publicKey })
    for (let round = 0; round < 20; round++) prepareWithout(context)
    const { quarantined } = context.batch.take()
    expect(quarantined?.items).toHaveLength(64)
    expect(quarantined?.dropped).toEqual({ too_many: 120 - 64 })
  })
})

function prepareWithout(context: PrepareContext): void {
  const steps = prepareSteps(decodeTraces(poisoned, 'protobuf'), context)
  while (steps.next().done !== true);
}

/** Says that it is MessagePack, and is not: the redactor cannot read it. */
const unreadable = (words: string): Uint8Array =>
  writeTraces(
    groupOf([
      bareSpan({
        attributes: [
          [ATTR.kind, 'tool'],
          [ATTR.runId, '2'.repeat(32)],
          [ATTR.input, { bytes: Buffer.concat([Buffer.from([0xc1]), Buffer.from(words)]) }],
          [ATTR.inputMediaType, MEDIA_TYPE.msgpack],
        ],
      }),
    ]),
  )

describe('a collector with a quarantine', () => {
  it('keeps what it could not clean under the operator’s key, and the command line lists, releases and discards it', async () => {
    const words = 'violet heron under glass'
    const folder = bench.folder()
    const store = join(folder, 'store')
    const pem = join(folder, 'key.pem')
    const made = await runCli(['quarantine', 'keygen', '--out', pem, '--store', store])
    expect(made.code).toBe(0)
    const quarantineKey = made.stdout.trim()
    expect(statSync(pem).mode & 0o777).toBe(0o600)
    const collector = await bench.collector({ store, quarantineKey })
    for (const part of ['one', 'two', 'three']) expect((await post(collector, unreadable(`${words} ${part}`))).status).toBe(200)
    expect(collector.stats().quarantine).toMatchObject({ kept: 3, items: 3, dropped: {} })
    expect(collector.stats().withheld).toEqual({ redactor_failed: 3 })
    expect(filesWith(store, words)).toEqual([])

    const listed = await runCli(['quarantine', 'list', '--json', '--store', store])
    const items = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; role: string; runId: string; severity: string; advice: string })
    expect(items).toHaveLength(3)
    expect(items[0]).toMatchObject({
      role: 'input',
      runId: '2'.repeat(32),
      severity: 'error',
      advice: expect.stringContaining('release') as string,
    })
    const wrong = await runCli(['quarantine', 'release', items[0]!.id, '--store', store])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--key') as string])
    const out = join(folder, 'item.bin')
    const released = await runCli(['quarantine', 'release', items[0]!.id.slice(0, 10), '--key', pem, '--out', out, '--store', store])
    expect(released).toMatchObject({ code: 0, stdout: '' })
    expect(readFileSync(out).subarray(1).toString()).toBe(`${words} one`)
    const kept = await runCli(['quarantine', 'release', items[1]!.id, '--key', pem, '--keep', '--json', '--store', store])
    expect(Buffer.from((JSON.parse(kept.stdout) as { base64: string }).base64, 'base64').toString('latin1')).toContain(`${words} two`)
    expect(listQuarantine(join(store, 'quarantine')).items).toHaveLength(2)
    expect((await runCli(['quarantine', 'discard', '--store', store])).code).toBe(2)
    expect(await runCli(['quarantine', 'discard', '--all', '--json', '--store', store])).toMatchObject({
      code: 0,
      stdout: '{"schema":"reprise.quarantine-discard/1","discarded":2}\n',
    })
    expect(listQuarantine(join(store, 'quarantine')).items).toEqual([])
  })
  it('keeps nothing but the reason without a key', async () => {
    const store = join(bench.folder(), 'store')
    const collector = await bench.collector({ store })
    await post(collector, unreadable('violet heron under glass'))
    expect(collector.stats().quarantine).toBeUndefined()
    expect(collector.stats().withheld).toEqual({ redactor_failed: 1 })
    expect(allFiles(store).filter((name) => name.includes('quarantine'))).toEqual([])
    expect(filesWith(store, 'violet heron')).toEqual([])
  })
  it('does not start with a key that is none', async () => {
    await expect(bench.collector({ quarantineKey: 'x25519:nope' })).rejects.toMatchObject({ code: 'invalid_option' })
  })
})
