import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeTraces, TraceWriter, type WireAttribute, type WireSpan } from '../../src/otlp/index.ts'
import { createRedactor } from '../../src/redaction/index.ts'
import { ATTR, OPTIONS } from '../../src/schemas/index.ts'
import { nowMillis } from '../../src/sdk/run/clock.ts'
import { frameHeader, readFrames } from '../../src/sdk/spool/frames.ts'
import { pickUpSpool } from '../../src/sdk/spool/pick-up.ts'
import { Spool, type SpoolLoss } from '../../src/sdk/spool/spool.ts'
import { destinationOf, SpoolFolder } from '../../src/sdk/spool/spool-folder.ts'
import { spooledSpans } from './exit-programs.ts'

let store: string
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'reprise-spool-'))
})
afterEach(() => rmSync(store, { recursive: true, force: true }))

let spanCount = 0
function bodyOf(...attributes: WireAttribute[]): Uint8Array {
  const writer = new TraceWriter()
  writer.startResource({ attributes: [['service.name', 'test']], droppedAttributes: 0 })
  writer.startScope({ name: 'test', version: '', attributes: [], droppedAttributes: 0 })
  writer.addSpan(spanOf(attributes))
  return writer.finish()
}

function spanOf(attributes: readonly WireAttribute[]): WireSpan {
  return {
    traceId: 'a'.repeat(32),
    spanId: (++spanCount).toString(16).padStart(16, '0'),
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: 'span',
    kind: 1,
    startNanos: 1n,
    endNanos: 2n,
    attributes,
    droppedAttributes: 0,
    events: [],
    droppedEvents: 0,
    links: [],
    droppedLinks: 0,
    status: { code: 0, message: '' },
  }
}

function spoolOf(options: Partial<{ spoolMaxBytes: number; spoolMaxAgeMillis: number; spoolFolder: string }> = {}): Spool {
  const { spoolMaxBytes, spoolMaxAgeMillis } = OPTIONS
  return new Spool({
    endpoint: 'http://127.0.0.1:4318',
    store,
    spool: true,
    spoolFolder: undefined,
    spoolMaxBytes: spoolMaxBytes.default,
    spoolMaxAgeMillis: spoolMaxAgeMillis.default,
    ...options,
  })
}

function noticesOf(losses: readonly SpoolLoss[]): Uint8Array[] {
  return losses.map(({ reason, count }) => bodyOf([ATTR.gapReason, reason], [ATTR.gapCount, { int: BigInt(count) }]))
}

function save(spool: Spool, ...bodies: Uint8Array[]): ReturnType<Spool['save']> {
  return spool.save(
    bodies.map((body) => ({ body, steps: 1 })),
    noticesOf,
    nowMillis() + 60_000,
  )
}

const names = (): string[] => readdirSync(join(store, 'spool')).sort()
const files = (): string[] => names().filter((name) => /\.(?:spool|tmp|claimed|bad)$/.test(name))

describe('frames', () => {
  test('a file cut at any byte gives the frames before the cut, and says how many bytes were left', () => {
    const frames = [bodyOf(['a', 'x'.repeat(20)]), bodyOf(), bodyOf(['b', 'y'])].map((body) => ({ body, spans: 1 }))
    const file = Buffer.concat(frames.flatMap((frame) => [frameHeader(frame), frame.body]))
    const ends = frames.map((_, index) => frames.slice(0, index + 1).reduce((sum, { body }) => sum + 20 + body.length, 0))
    for (let length = 0; length <= file.length; length++) {
      const whole = ends.filter((end) => end <= length).length
      const read = readFrames(file.subarray(0, length))
      expect(read.frames.map(({ body }) => Buffer.from(body))).toEqual(frames.slice(0, whole).map(({ body }) => Buffer.from(body)))
      expect(read.cutBytes).toBe(length - (ends[whole - 1] ?? 0))
    }
  })

  test('a flipped bit anywhere ends the file there', () => {
    const frame = { body: bodyOf(['a', 'some text']), spans: 1 }
    const file = Buffer.concat([frameHeader(frame), frame.body])
    for (let byte = 0; byte < file.length; byte++) {
      const flipped = Buffer.from(file)
      flipped.writeUInt8((flipped[byte] ?? 0) ^ 1, byte)
      expect(readFrames(flipped)).toEqual({ frames: [], cutBytes: file.length })
    }
  })
})

describe('what is kept', () => {
  test('stands in files that nobody else can read, in a folder that git leaves out', () => {
    const umask = process.umask(0)
    try {
      expect(save(spoolOf(), bodyOf())).toEqual({ spooled: 1, losses: [], problem: undefined })
    } finally {
      process.umask(umask)
    }
    const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)
    expect(mode(join(store, 'spool'))).toBe('700')
    for (const name of names()) expect(mode(join(store, 'spool', name))).toBe('600')
    expect(files()).toHaveLength(1)
    expect(readFileSync(join(store, 'spool', '.gitignore'), 'utf8')).toBe('*\n')
  })

  test('is redacted wherever it stands, under one pseudonym for one value', () => {
    const secret = 'bob@example.com'
    const text = `mail ${secret}`
    const everywhere = spanOf([
      [ATTR.input, JSON.stringify([text, { deep: [text] }])],
      [ATTR.output, { bytes: Buffer.from(text) }],
      ['plain', text],
      [`key ${secret}`, 'x'],
      ['list', { array: [text, { kvlist: [[text, { bytes: Buffer.from(text) }]] }] }],
      ['json', JSON.stringify({ password: 'hunter2hunter2', long: 'x'.repeat(600) })],
      ['card', { int: 4_111_111_111_111_111n }],
    ])
    const writer = new TraceWriter()
    writer.startResource({ attributes: [['owner', text]], droppedAttributes: 0 }, `http://${secret}/`)
    writer.startScope({ name: text, version: text, attributes: [['scope', text]], droppedAttributes: 0 }, text)
    writer.addSpan({
      ...everywhere,
      name: text,
      traceState: text,
      status: { code: 2, message: text },
      events: [{ name: text, timeNanos: 1n, attributes: [['event', text]], droppedAttributes: 0 }],
      links: [
        { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceState: text, attributes: [['link', text]], droppedAttributes: 0, flags: 0 },
      ],
    })
    save(spoolOf(), writer.finish())
    const bytes = readFileSync(join(store, 'spool', files()[0] ?? '')).toString('latin1')
    for (const canary of ['bob@', 'example.com', 'hunter2', '4111111111111111']) expect(bytes).not.toContain(canary)
    expect(new Set(bytes.match(/<email:[0-9a-f]{12}>/g)).size).toBe(1)
    expect(bytes.match(/<email:/g)?.length).toBeGreaterThanOrEqual(17)
  })

  test('has the pseudonyms of the store where there is one, and of the spool where there is none, for every program', () => {
    save(spoolOf(), bodyOf(['a', 'bob@example.com']))
    save(spoolOf(), bodyOf(['a', 'bob@example.com']))
    const tokens = (): unknown[] => spooledSpans(store).map(({ attributes }) => attributes[0]?.[1])
    expect(new Set(tokens()).size).toBe(1)
    const key = Buffer.alloc(32, 7)
    mkdirSync(join(store, 'keys'), { mode: 0o700 })
    writeFileSync(join(store, 'keys', 'redaction.key'), key, { mode: 0o600 })
    save(spoolOf(), bodyOf(['a', 'bob@example.com']))
    expect(tokens().at(-1)).toBe(createRedactor({ key }).redactText('bob@example.com').value)
  })

  test('has not the pseudonyms of a key that others can read', () => {
    mkdirSync(join(store, 'keys'))
    writeFileSync(join(store, 'keys', 'redaction.key'), Buffer.alloc(32, 7), { mode: 0o644 })
    save(spoolOf(), bodyOf(['a', 'bob@example.com']))
    expect(spooledSpans(store)[0]?.attributes[0]?.[1]).not.toBe(
      createRedactor({ key: Buffer.alloc(32, 7) }).redactText('bob@example.com').value,
    )
  })

  test('is nothing of what cannot be cleaned or read, and that is counted', () => {
    const broken = bodyOf(
      [ATTR.input, { bytes: Buffer.from('not MessagePack') }],
      [ATTR.inputMediaType, 'application/vnd.reprise.value+msgpack'],
    )
    expect(save(spoolOf(), broken, Buffer.from('no protobuf'), bodyOf())).toEqual({
      spooled: 1,
      losses: [{ reason: 'redaction_failed', count: 2 }],
      problem: undefined,
    })
    const [kept, gap] = spooledSpans(store)
    expect(kept?.attributes).toEqual([])
    expect(gap?.attributes).toEqual([
      [ATTR.gapReason, 'redaction_failed'],
      [ATTR.gapCount, { int: 2n }],
    ])
  })
})

describe('the bounds', () => {
  const big = (): Uint8Array => bodyOf(['a', 'x '.repeat(20_000)])

  test('the oldest files give way to new ones, counted in them', () => {
    const spool = spoolOf({ spoolMaxBytes: 100_000 })
    for (let index = 0; index < 4; index++) save(spool, big())
    expect(files().reduce((sum, name) => sum + statSync(join(store, 'spool', name)).size, 0)).toBeLessThan(101_000)
    const gaps = spooledSpans(store).flatMap(({ attributes }) =>
      attributes.filter(([key]) => key === ATTR.gapCount).map(([, value]) => value),
    )
    const steps = spooledSpans(store).filter(({ attributes }) => attributes[0]?.[0] === 'a').length
    expect(steps).toBe(2)
    // The file that gave way for the fourth held one step and the notice of none: every step is kept or told of.
    expect(gaps).toEqual([{ int: 1n }, { int: 1n }])
  })

  test('of one program the newest are kept', () => {
    const outcome = save(spoolOf({ spoolMaxBytes: 100_000 }), bodyOf(['first', 1], ['a', 'x '.repeat(40_000)]), big(), big())
    expect(outcome).toMatchObject({ spooled: 2, losses: [{ reason: 'spool_full', count: 1 }] })
    expect(spooledSpans(store).flatMap(({ attributes }) => attributes.map(([key]) => key))).not.toContain('first')
  })

  test('what is too old is removed by the next that comes, and counted', async () => {
    const spool = spoolOf({ spoolMaxAgeMillis: 1 })
    save(spool, bodyOf(['old', true]))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(save(spool, bodyOf(['new', true]))).toMatchObject({ spooled: 1, losses: [{ reason: 'spool_expired', count: 1 }] })
    expect(spooledSpans(store).map(({ attributes }) => attributes[0]?.[0])).toEqual(['new', ATTR.gapReason])
  })

  test('out of time, the rest is counted and not kept', () => {
    const outcome = spoolOf().save(
      [bodyOf(), bodyOf(), bodyOf()].map((body) => ({ body, steps: 1 })),
      noticesOf,
      nowMillis() - 1,
    )
    expect(outcome).toMatchObject({ spooled: 1, losses: [{ reason: 'exit_timeout', count: 2 }] })
  })
})

describe('a folder that is not safe', () => {
  test.each([
    ['a link', (folder: string) => symlinkSync(tmpdir(), folder)],
    ['a file', (folder: string) => writeFileSync(folder, '')],
  ])('%s is refused, and nothing is written', (_, make) => {
    make(join(store, 'spool'))
    const before = readdirSync(tmpdir()).filter((name) => name.endsWith('.spool'))
    expect(save(spoolOf(), bodyOf())).toMatchObject({ spooled: 0, losses: [{ reason: 'spool_failed', count: 1 }] })
    expect(readdirSync(tmpdir()).filter((name) => name.endsWith('.spool'))).toEqual(before)
  })

  test('one that was open to others is closed first', () => {
    mkdirSync(join(store, 'spool'))
    chmodSync(join(store, 'spool'), 0o777)
    expect(save(spoolOf(), bodyOf())).toMatchObject({ spooled: 1 })
    expect(statSync(join(store, 'spool')).mode & 0o777).toBe(0o700)
  })

  test.skipIf(process.getuid?.() !== 0)("another user's is refused (needs root)", () => {
    mkdirSync(join(store, 'spool'), { mode: 0o700 })
    execFileSync('chown', ['65534', join(store, 'spool')])
    expect(save(spoolOf(), bodyOf())).toMatchObject({ spooled: 0, losses: [{ reason: 'spool_failed', count: 1 }] })
  })

  test('where there is no place at all, the program is told what the system said', () => {
    writeFileSync(join(store, 'file'), '')
    expect(save(spoolOf({ spoolFolder: join(store, 'file', 'deeper', 'spool') }), bodyOf())).toMatchObject({
      spooled: 0,
      problem: 'ENOTDIR',
    })
  })
})

describe('picking up', () => {
  const ENDPOINT = 'http://127.0.0.1:4318'
  const folder = (): SpoolFolder => new SpoolFolder(join(store, 'spool'))
  const place = (): { folder: SpoolFolder; destination: string } => ({ folder: folder(), destination: destinationOf(ENDPOINT) })

  test('sends every body, oldest file first, and removes the files', async () => {
    for (const name of ['a', 'b', 'c']) save(spoolOf(), bodyOf([name, true]))
    const sent: unknown[] = []
    const losses = await pickUpSpool(place(), async (body) => {
      sent.push(decodeTraces(body, 'protobuf').resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes[0]?.[0])
      return 'sent'
    })
    expect([sent, losses, files()]).toEqual([['a', 'b', 'c'], [], []])
  })

  test('leaves alone what was meant for another endpoint', async () => {
    save(spoolOf(), bodyOf())
    let bodies = 0
    await pickUpSpool({ folder: folder(), destination: destinationOf('http://elsewhere:4318') }, async () => {
      bodies++
      return 'sent'
    })
    expect([bodies, files().length]).toEqual([0, 1])
  })

  test('by two at once: every body goes once', async () => {
    for (let index = 0; index < 20; index++) save(spoolOf(), bodyOf([String(index), true]))
    let bodies = 0
    const one = async (): Promise<'sent'> => {
      bodies++
      await new Promise((resolve) => setTimeout(resolve, 1))
      return 'sent'
    }
    await Promise.all([pickUpSpool(place(), one), pickUpSpool(place(), one), pickUpSpool(place(), one)])
    expect([bodies, files()]).toEqual([20, []])
  })

  test.each(['later', 'throw'])('gives back what is not taken (%s), and all of it is there for the next', async (how) => {
    save(spoolOf(), bodyOf(), bodyOf())
    await pickUpSpool(place(), async () => {
      if (how === 'throw') throw new Error('broken')
      return 'later'
    })
    expect(folder().list()).toMatchObject([{ state: 'ready', spans: 2 }])
  })

  test('counts what a torn file has lost, and what is refused', async () => {
    save(spoolOf(), bodyOf(), bodyOf(), bodyOf())
    const path = join(store, 'spool', files()[0] ?? '')
    writeFileSync(path, readFileSync(path).subarray(0, -5))
    let bodies = 0
    const losses = await pickUpSpool(place(), async () => (bodies++ === 0 ? 'refused' : 'sent'))
    expect([bodies, losses]).toEqual([
      2,
      [
        { reason: 'refused', count: 1 },
        { reason: 'spool_torn', count: 1 },
      ],
    ])
  })

  test.each(['claimed', 'tmp'])('takes over a file whose worker died (%s), not one that is being worked on', async (suffix) => {
    save(spoolOf(), bodyOf())
    const name = files()[0] ?? ''
    const path = join(store, 'spool', name.replace(/spool$/, suffix))
    execFileSync('mv', [join(store, 'spool', name), path])
    let bodies = 0
    const send = async (): Promise<'sent'> => {
      bodies++
      return 'sent'
    }
    utimesSync(path, new Date(), new Date())
    await pickUpSpool(place(), send)
    expect([bodies, existsSync(path)]).toEqual([0, true])
    utimesSync(path, new Date(0), new Date(0))
    await pickUpSpool(place(), send)
    expect([bodies, files()]).toEqual([1, []])
  })

  test('opens no link, and puts aside what is no file of its making', async () => {
    save(spoolOf(), bodyOf())
    const name = files()[0] ?? ''
    rmSync(join(store, 'spool', name))
    symlinkSync('/etc/passwd', join(store, 'spool', name))
    let bodies = 0
    await pickUpSpool(place(), async () => {
      bodies++
      return 'sent'
    })
    expect([bodies, files().filter((left) => left.endsWith('.spool'))]).toEqual([0, []])
  })
})
