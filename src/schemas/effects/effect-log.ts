import { RepriseError } from '../errors.ts'
import { ByteSink, ByteSource, invalidEffects } from './effect-bytes.ts'

/**
 * What a step's own code took from the machine beside its calls: the time, chance, and the moments at which its timers fired.
 * Kept as the attribute `reprise.effects`, in a form of its own, since it is numbers alone and there may be many.
 *
 * The attribute is a list of whole numbers: how many bytes there are, then the bytes, four to a number, the first one the lowest. Below
 * 2^32 no number is a secret; as bytes they would be looked through as text, and in many random ones there is a card number now and then.
 *
 * The first byte is the version, 1. Then sections until the end: a tag, a length in bytes, and that many bytes. A reader passes over tags that it does not know. Whole numbers are LEB128 of at most 2^53 - 1, signed ones
 * zigzag; doubles and 64-bit integers are little-endian.
 */
export const EFFECT_SOURCES = ['date', 'performance', 'hrtime', 'random', 'uuid', 'timers', 'bytes'] as const
export type EffectSource = (typeof EFFECT_SOURCES)[number]

export const TIMER_KINDS = ['timeout', 'interval', 'immediate', 'sleep', 'sleep-immediate', 'signal'] as const
export type TimerKind = (typeof TIMER_KINDS)[number]

export interface RecordedTimer {
  readonly kind: TimerKind
  /** As Node reads it: 1 to 2^31 - 1; 0 for immediates. */
  readonly delayMillis: number
  /** Of each firing two numbers: its place among all deliveries of the run, and microseconds since the run's start. */
  readonly firings: readonly number[]
}

/** The reads of one step, in the order in which it made them. */
export interface EffectStreams {
  /** Unix milliseconds. */
  readonly date: readonly number[]
  /** Milliseconds as `performance.now()` gives them. */
  readonly performance: readonly number[]
  /** Nanoseconds as `process.hrtime.bigint()` gives them. */
  readonly hrtime: readonly bigint[]
  readonly random: readonly number[]
  /** 16 bytes each, one after the other. */
  readonly uuid: Uint8Array
  readonly bytes: readonly Uint8Array[]
  readonly timers: readonly RecordedTimer[]
  /**
   * Firings, after the step had ended, of timers that it had started before: place of the timer among those of the step, place among
   * all deliveries, microseconds since the start of the run. In `late` alone.
   */
  readonly lateFirings: readonly number[]
  /** Reads that were made and not kept: over the bound, or of a source that was off. */
  readonly unkept: Readonly<Partial<Record<EffectSource, number>>>
}

/** On the step that opened the run. */
export interface EffectHead {
  readonly sources: readonly EffectSource[]
  /** The three clocks at the start of the run. */
  readonly date: number
  readonly performance: number
  readonly hrtime: bigint
}

export interface EffectLog extends EffectStreams {
  readonly head?: EffectHead
  /** What other steps read after they had ended, by their sequence. On the step that opened the run. */
  readonly late?: ReadonlyMap<number, EffectStreams>
}

/** Most reads of one source, and most firings of timers, that are kept of one step. */
export const EFFECTS_MAX_READS = 16_384
/** Most steps whose late reads are kept. */
export const EFFECTS_MAX_LATE = 1024
/** Most bytes that are kept of one read of random bytes: enough for the makers of ids that draw bytes for a hundred at once. */
export const EFFECT_MAX_BYTES = 16_384
/** Most random bytes that are kept of one step. */
export const EFFECTS_MAX_BYTES: number = 16 * 1024 * 1024

export const NO_EFFECTS: EffectStreams = {
  date: [],
  performance: [],
  hrtime: [],
  random: [],
  uuid: new Uint8Array(0),
  bytes: [],
  timers: [],
  lateFirings: [],
  unkept: {},
}

const VERSION = 1
const TAG = {
  head: 1,
  date: 2,
  performance: 3,
  hrtime: 4,
  random: 5,
  uuid: 6,
  bytes: 7,
  timers: 8,
  unkept: 9,
  late: 10,
  lateFirings: 11,
} as const

export function encodeEffects(streams: EffectStreams, head?: EffectHead, late?: ReadonlyMap<number, EffectStreams>): number[] {
  const sink = new ByteSink()
  sink.byte(VERSION)
  if (head !== undefined) {
    sink.section(TAG.head, () => {
      sink.whole(head.sources.reduce((mask, source) => mask | (1 << EFFECT_SOURCES.indexOf(source)), 0))
      sink.signed(head.date)
      sink.double(head.performance)
      sink.int64(head.hrtime)
    })
  }
  writeStreams(sink, streams)
  if (late !== undefined) {
    for (const [sequence, reads] of late) {
      sink.section(TAG.late, () => {
        sink.whole(sequence)
        writeStreams(sink, reads)
      })
    }
  }
  return wordsOf(sink.finish())
}

function writeStreams(sink: ByteSink, streams: EffectStreams): void {
  const { date, performance, hrtime, random, uuid, bytes, timers, lateFirings, unkept } = streams
  if (date.length > 0) {
    sink.section(TAG.date, () => {
      let before = 0
      for (const value of date) {
        sink.signed(value - before)
        before = value
      }
    })
  }
  if (performance.length > 0) sink.section(TAG.performance, () => performance.forEach((value) => void sink.double(value)))
  if (hrtime.length > 0) sink.section(TAG.hrtime, () => hrtime.forEach((value) => void sink.int64(value)))
  if (random.length > 0) sink.section(TAG.random, () => random.forEach((value) => void sink.double(value)))
  if (uuid.length > 0) sink.section(TAG.uuid, () => sink.bytes(uuid))
  if (bytes.length > 0) {
    sink.section(TAG.bytes, () => {
      for (const value of bytes) {
        sink.whole(value.length)
        sink.bytes(value)
      }
    })
  }
  if (timers.length > 0) {
    sink.section(TAG.timers, () => {
      for (const { kind, delayMillis, firings } of timers) {
        sink.byte(TIMER_KINDS.indexOf(kind))
        sink.whole(delayMillis)
        sink.whole(firings.length / 2)
        for (const value of firings) sink.whole(value)
      }
    })
  }
  if (lateFirings.length > 0) sink.section(TAG.lateFirings, () => lateFirings.forEach((value) => void sink.whole(value)))
  const over = EFFECT_SOURCES.filter((source) => (unkept[source] ?? 0) > 0)
  if (over.length > 0) {
    sink.section(TAG.unkept, () => {
      for (const source of over) {
        sink.byte(EFFECT_SOURCES.indexOf(source))
        sink.whole(unkept[source] ?? 0)
      }
    })
  }
}

/**
 * @param words from a recording, which may come from a stranger
 * @throws RepriseError `invalid_recording` saying what was expected
 */
export function decodeEffects(words: readonly unknown[]): EffectLog {
  const data = bytesOfWords(words)
  const source = new ByteSource(data, 0, data.length)
  const version = source.byte()
  if (version !== VERSION) {
    throw new RepriseError('recording_version', `the record of time and chance has version ${version}; this release reads version 1`)
  }
  return readStreams(source, true)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function readStreams(source: ByteSource, isWhole: boolean): EffectLog {
  const log: Mutable<EffectLog> = { ...NO_EFFECTS }
  const late = new Map<number, EffectStreams>()
  while (!source.atEnd) {
    const tag = source.byte()
    const section = source.section()
    switch (tag) {
      case TAG.head:
        log.head = readHead(section)
        break
      case TAG.date: {
        let before = 0
        log.date = section.all(EFFECTS_MAX_READS, () => (before += section.signed()))
        break
      }
      case TAG.performance:
        log.performance = section.all(EFFECTS_MAX_READS, () => section.double())
        break
      case TAG.hrtime:
        log.hrtime = section.all(EFFECTS_MAX_READS, () => section.int64())
        break
      case TAG.random:
        log.random = section.all(EFFECTS_MAX_READS, () => section.double())
        break
      case TAG.uuid:
        log.uuid = section.rest(EFFECTS_MAX_READS * 16)
        if (log.uuid.length % 16 !== 0) throw invalidEffects('expected 16 bytes for each UUID')
        break
      case TAG.bytes:
        log.bytes = section.all(EFFECTS_MAX_READS, () => section.bytes(section.whole()))
        break
      case TAG.timers:
        log.timers = readTimers(section)
        break
      case TAG.lateFirings:
        log.lateFirings = section.all(EFFECTS_MAX_READS * 3, () => section.whole())
        break
      case TAG.unkept:
        log.unkept = Object.fromEntries(section.all(EFFECTS_MAX_READS, () => [sourceAt(section.byte()), section.whole()] as const))
        break
      case TAG.late: {
        if (!isWhole || late.size >= EFFECTS_MAX_LATE) throw invalidEffects(`expected the late reads of at most ${EFFECTS_MAX_LATE} steps`)
        late.set(section.whole(), readStreams(section, false))
        break
      }
    }
  }
  if (late.size > 0) log.late = late
  return log
}

function wordsOf(bytes: Uint8Array): number[] {
  const words = [bytes.length]
  for (let at = 0; at < bytes.length; at += 4) {
    const high = (((bytes[at + 3] ?? 0) << 24) | ((bytes[at + 2] ?? 0) << 16)) >>> 0
    words.push(high + (((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0)))
  }
  return words
}

function bytesOfWords(words: readonly unknown[]): Uint8Array {
  const [length] = words
  const isLength = typeof length === 'number' && Number.isInteger(length) && Math.ceil(length / 4) === words.length - 1
  if (!isLength) throw invalidEffects('expected its length in bytes, and four of them to a number')
  const data = new Uint8Array(4 * (words.length - 1))
  const view = new DataView(data.buffer)
  for (let at = 1; at < words.length; at++) {
    const word = words[at]
    if (typeof word !== 'number' || word !== word >>> 0) throw invalidEffects('expected whole numbers below 2^32')
    view.setUint32(4 * (at - 1), word, true)
  }
  return data.subarray(0, length)
}

function readHead(section: ByteSource): EffectHead {
  const mask = section.whole()
  const sources = EFFECT_SOURCES.filter((_source, index) => (mask & (1 << index)) !== 0)
  return { sources, date: section.signed(), performance: section.double(), hrtime: section.int64() }
}

function readTimers(section: ByteSource): RecordedTimer[] {
  let total = 0
  return section.all(EFFECTS_MAX_READS, () => {
    const kind = TIMER_KINDS[section.byte()]
    if (kind === undefined) throw invalidEffects(`expected a kind of timer below ${TIMER_KINDS.length}`)
    const delayMillis = section.whole()
    const count = section.whole()
    total += count
    if (total > EFFECTS_MAX_READS) throw invalidEffects(`expected at most ${EFFECTS_MAX_READS} firings of timers`)
    return { kind, delayMillis, firings: Array.from({ length: count * 2 }, () => section.whole()) }
  })
}

function sourceAt(index: number): EffectSource {
  return EFFECT_SOURCES[index] ?? fail(`expected a source below ${EFFECT_SOURCES.length}`)
}

function fail(message: string): never {
  throw invalidEffects(message)
}
