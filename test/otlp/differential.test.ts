import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeLogsJson, encodeTracesJson } from '../../src/otlp/index.ts'
import { parseJson } from '../../src/schemas/index.ts'
import { logGroups, resourceSpans } from './arbitraries.ts'
import { compare, compareVariant, type Outcome } from './differential.ts'
import { writeLogs, writeTraces } from './helpers.ts'
import { variantOf } from './json-variants.ts'
import { mutations, randomOf, reshapings } from './mutations.ts'
import type { SignalName } from './reference.ts'

// Same inputs each time; `npm run test:fuzz` goes on with others.
const RUNS = { numRuns: 500, seed: 20_261_121, endOnFailure: true }
const bodies: Readonly<Record<SignalName, fc.Arbitrary<Uint8Array>>> = {
  traces: resourceSpans.map(writeTraces),
  logs: logGroups.map(writeLogs),
}
const jsons: Readonly<Record<SignalName, fc.Arbitrary<string>>> = {
  traces: resourceSpans.map(encodeTracesJson),
  logs: logGroups.map(encodeLogsJson),
}
const prototypeKeys = Object.getOwnPropertyNames(Object.prototype)

describe.each(['traces', 'logs'] as const)('%s are read as the reference reads them', (signal) => {
  const counts: Record<Outcome, number> = { refused: 0, 'kept whole': 0, 'kept in part': 0 }

  it('when they are written in other ways', () => {
    fc.assert(
      fc.property(bodies[signal], reshapings, (body, rewrite) => {
        counts[compare(rewrite(body), signal)]++
      }),
      RUNS,
    )
    expect(counts['kept whole']).toBeGreaterThan(200)
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
  })

  it('when their bytes are changed', () => {
    fc.assert(
      fc.property(bodies[signal], mutations, (body, changes) => {
        counts[
          compare(
            changes.reduce<Buffer>((bytes, change) => change(bytes), Buffer.from(body)),
            signal,
          )
        ]++
      }),
      RUNS,
    )
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(2)
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
  })

  it('when their JSON is that of other senders', () => {
    fc.assert(
      fc.property(jsons[signal], fc.integer({ min: 0, max: 2 ** 32 - 1 }), (json, seed) => {
        compareVariant(json, variantOf(parseJson(json) as Parameters<typeof variantOf>[0], randomOf(seed)), signal)
      }),
      RUNS,
    )
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})
