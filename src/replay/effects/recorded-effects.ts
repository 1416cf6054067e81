import {
  ATTR,
  decodeEffects,
  type EffectHead,
  type EffectLog,
  type EffectStreams,
  NO_EFFECTS,
  parseJson,
  type RecordedTimer,
  RepriseError,
} from '../../schemas/index.ts'
import { isServed } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { Recording } from '../recording/recording.ts'

const ROLE = `/attributes/${ATTR.effects}`

/** A firing of a timer: a delivery of the run like any other, that comes from no call. */
export interface TimerFiring {
  readonly number: number
  readonly node: LineageNode
  readonly offsetNanos: number
}

/** What the steps of a recording read of time and chance. */
export class RecordedEffects {
  /** Undefined for a recording that was made without, or that ended before its root did. */
  readonly head: EffectHead | undefined
  readonly firings: readonly TimerFiring[]
  /** Reads and timers altogether. */
  readonly total: number
  readonly #streams: ReadonlyMap<LineageNode, EffectStreams>

  /** @throws RepriseError `invalid_recording` or `recording_version` naming the step */
  constructor(recording: Recording, nodes: readonly LineageNode[]) {
    const { root } = recording
    const whole = readLog(recording, root)
    const streams = new Map<LineageNode, EffectStreams>()
    const firings: TimerFiring[] = []
    this.head = whole?.head
    if (whole !== undefined && whole.head !== undefined) {
      for (const node of nodes) {
        // What the code of a served step read is nobody's business while it stays at rest.
        if (node !== root && isServed(node)) continue
        const { sequence } = node.record.core
        const own = node === root ? whole : readLog(recording, node)
        const late = sequence === undefined ? undefined : whole.late?.get(sequence)
        const all = joined(own ?? NO_EFFECTS, late)
        if (own !== undefined || late !== undefined) streams.set(node, all)
        for (const timer of all.timers) firings.push(...firingsOf(node, timer))
      }
    }
    this.#streams = streams
    this.firings = firings
    this.total = [...streams.values()].reduce((sum, all) => sum + countOf(all), 0)
  }

  streamsOf(node: LineageNode | undefined): EffectStreams {
    return (node === undefined ? undefined : this.#streams.get(node)) ?? NO_EFFECTS
  }
}

function readLog(recording: Recording, node: LineageNode): EffectLog | undefined {
  const inline = node.record.core.attributes[ATTR.effects]
  let value: unknown = inline
  if (inline === undefined) {
    const payload = recording.payloadOf(node.record, ROLE)
    if (payload.state !== 'present') return undefined
    value = parseJson(Buffer.from(payload.data).toString('utf8'))
  }
  if (!Array.isArray(value)) return undefined
  try {
    return decodeEffects(value)
  } catch (error) {
    if (!RepriseError.isInstance(error)) throw error
    const { sequence, stepName } = node.record.core
    throw new RepriseError(error.code, `step ${sequence ?? '?'} (${stepName}): ${error.message}`, { cause: error })
  }
}

function joined(own: EffectStreams, late: EffectStreams | undefined): EffectStreams {
  if (late === undefined) return own
  const timers = own.timers.map((timer): RecordedTimer => ({ ...timer, firings: [...timer.firings] }))
  for (let at = 0; at + 2 < late.lateFirings.length; at += 3) {
    const [index = -1, number = 0, micros = 0] = late.lateFirings.slice(at, at + 3)
    const timer = timers[index]
    if (timer !== undefined) timers[index] = { ...timer, firings: [...timer.firings, number, micros] }
  }
  return {
    date: [...own.date, ...late.date],
    performance: [...own.performance, ...late.performance],
    hrtime: [...own.hrtime, ...late.hrtime],
    random: [...own.random, ...late.random],
    uuid: Buffer.concat([own.uuid, late.uuid]),
    bytes: [...own.bytes, ...late.bytes],
    timers: [...timers, ...late.timers],
    lateFirings: [],
    unkept: { ...own.unkept, ...late.unkept },
  }
}

function countOf({ date, performance, hrtime, random, uuid, bytes, timers }: EffectStreams): number {
  return date.length + performance.length + hrtime.length + random.length + uuid.length / 16 + bytes.length + timers.length
}

function firingsOf(node: LineageNode, { firings }: RecordedTimer): TimerFiring[] {
  const list: TimerFiring[] = []
  for (let at = 0; at + 1 < firings.length; at += 2) {
    list.push({ number: firings[at] ?? 0, node, offsetNanos: (firings[at + 1] ?? 0) * 1000 })
  }
  return list
}
