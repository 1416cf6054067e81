import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import type { WireSpan } from '../../src/otlp/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, NO_THREADS, post, readTape, until } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

const idOf = (number: number): string => number.toString(16).padStart(16, '0')
const spanOf = (number: number, fields: Partial<WireSpan> = {}): WireSpan =>
  bareSpan({ spanId: idOf(number), name: `span ${number}`, ...fields })
const send = async (collector: Collector, ...spans: WireSpan[]): Promise<void> =>
  expect((await post(collector, writeTraces(groupOf(spans)))).status).toBe(200)

describe('a second collector as the destination', () => {
  it('keeps the same runs, and redacts nothing twice', async () => {
    const second = await bench.collector()
    const first = await bench.collector({ forward: [second.url] })
    const messages = JSON.stringify([{ role: 'user', content: 'card 4111 1111 1111 1111, mail jane@example.org' }])
    await send(
      first,
      spanOf(1, {
        attributes: [
          [ATTR.kind, 'tool'],
          [ATTR.stepName, 'pay'],
          [ATTR.fidelity, 'replayable'],
          [ATTR.input, messages],
          [ATTR.output, '"done"'],
          ['gen_ai.input.messages', messages],
        ],
      }),
    )
    await until('the span', () => second.stats().accepted === 1)
    expect(second.stats().redactions).toEqual({})
    await first.close()
    await second.close()
    const [a] = (await readTape(first.store)).spans
    const [b] = (await readTape(second.store)).spans
    const withoutProofs = ({ core, refs }: NonNullable<typeof a>): unknown => ({
      ...core,
      redactions: undefined,
      payloads: core.payloads
        .map((payload) => ({ ...payload, commitment: '' }))
        .filter((payload) => !payload.role.startsWith('/attributes/gen_ai.tool')),
      refs: refs.filter((ref) => ref.role === 'input' || ref.role === 'output').map((ref) => ref.digest),
      attributes: {},
    })
    expect(withoutProofs(b!)).toEqual(withoutProofs(a!))
  })
})
