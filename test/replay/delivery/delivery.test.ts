import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DeliveryOptions, DeliveryScheduler } from '../../../src/replay/delivery/delivery.ts'
import { expandRanges, planOf } from '../../../src/replay/delivery/delivery-plan.ts'
import type { SpanCore } from '../../../src/schemas/index.ts'

function schedulerOf(numbers: number[], options: Partial<DeliveryOptions> = {}): { scheduler: DeliveryScheduler; late: number[] } {
  const late: number[] = []
  const scheduler = new DeliveryScheduler({
    numbers,
    callsMadeBefore: () => true,
    patienceMillis: () => 30,
    onCallsGivenUp: () => undefined,
    onLate: (number) => late.push(number),
    onDelivered: () => undefined,
    ...options,
  })
  return { scheduler, late }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('DeliveryScheduler', () => {
  it('hands out what is offered in numeric order, whatever the order of the offers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(500), { minLength: 1, maxLength: 20 }), async (offered) => {
        const numbers = [...offered].sort((left, right) => left - right)
        const { scheduler, late } = schedulerOf(numbers)
        const delivered: number[] = []
        const ask = (number: number): Promise<void> =>
          new Promise((resolve) => scheduler.offer(number, () => resolve(void delivered.push(number))))
        await Promise.all(offered.map(ask))
        scheduler.close()
        expect(delivered).toEqual(numbers)
        expect(late).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('delivers one at a time: what the program does with a result comes before the next result', async () => {
    const { scheduler } = schedulerOf([0, 1])
    const log: string[] = []
    const first = new Promise<void>((resolve) => scheduler.offer(0, resolve)).then(async () => {
      log.push('first')
      for (let hop = 0; hop < 50; hop++) await undefined
      log.push('after first')
    })
    const second = new Promise<void>((resolve) => scheduler.offer(1, resolve)).then(() => log.push('second'))
    await Promise.all([first, second])
    expect(log).toEqual(['first', 'after first', 'second'])
  })

  it('hands out in its place what was given up and is asked for all the same', async () => {
    const { scheduler, late } = schedulerOf([0, 1, 2], { patienceMillis: () => 5000 })
    const delivered: number[] = []
    const ask = (number: number): Promise<void> =>
      new Promise((resolve) => scheduler.offer(number, () => resolve(void delivered.push(number))))
    scheduler.skip(1)
    await Promise.all([ask(1), ask(2), ask(0)])
    scheduler.skip(2)
    expect(delivered).toEqual([0, 1, 2])
    expect(late).toEqual([])
  })

  it('waits for a number that is asked for later, while the program keeps silent for less than its patience', async () => {
    const { scheduler, late } = schedulerOf([0, 1], { patienceMillis: () => 5000 })
    const delivered: number[] = []
    const one = new Promise<void>((resolve) => scheduler.offer(1, () => resolve(void delivered.push(1))))
    for (let at = 0; at < 20; at++) await turn()
    expect(delivered).toEqual([])
    scheduler.offer(0, () => delivered.push(0))
    await one
    expect(delivered).toEqual([0, 1])
    expect(late).toEqual([])
    expect(scheduler.losses).toBe(0)
  })

  it('gives up an order that does not come, and tells of what comes late', async () => {
    const { scheduler, late } = schedulerOf([0, 1, 2])
    const delivered: number[] = []
    await new Promise<void>((resolve) => scheduler.offer(2, () => resolve(void delivered.push(2))))
    expect(scheduler.losses).toBe(1)
    await new Promise<void>((resolve) => scheduler.offer(0, () => resolve(void delivered.push(0))))
    expect(delivered).toEqual([2, 0])
    expect(late).toEqual([0])
  })

  it.each([1, 2])('lets what the program does in %i turns of its own come first', async (turns) => {
    const { scheduler } = schedulerOf([0])
    const log: string[] = []
    const result = new Promise<void>((resolve) => scheduler.offer(0, resolve)).then(() => log.push('result'))
    const own = (async () => {
      for (let at = 0; at < turns; at++) await turn()
      log.push('own')
    })()
    await Promise.all([result, own])
    expect(log).toEqual(['own', 'result'])
  })

  it('lets a message that is under way come first', async () => {
    const { scheduler } = schedulerOf([0])
    const log: string[] = []
    const { port1, port2 } = new MessageChannel()
    const message = new Promise<void>((resolve) => port2.addEventListener('message', () => resolve(void log.push('message'))))
    port2.start()
    port1.postMessage('')
    await Promise.all([new Promise<void>((resolve) => scheduler.offer(0, resolve)).then(() => log.push('result')), message])
    port1.close()
    expect(log).toEqual(['message', 'result'])
  })

  it('does not wait for a number that was skipped', async () => {
    const { scheduler } = schedulerOf([0, 1], { patienceMillis: () => Number.POSITIVE_INFINITY })
    scheduler.skip(0)
    await new Promise<void>((resolve) => scheduler.offer(1, resolve))
    expect(scheduler.losses).toBe(0)
  })

  it('holds a result back until the calls that came before it have been made', async () => {
    let made = false
    const { scheduler } = schedulerOf([0], { callsMadeBefore: () => made, patienceMillis: () => 5000 })
    let delivered = false
    const done = new Promise<void>((resolve) => scheduler.offer(0, () => resolve(void (delivered = true))))
    for (let at = 0; at < 20; at++) await turn()
    expect(delivered).toBe(false)
    made = true
    scheduler.touch()
    await done
  })

  it('forgets an offer that was taken back', async () => {
    const { scheduler } = schedulerOf([0, 1])
    let delivered = 0
    scheduler.offer(0, () => delivered++)()
    scheduler.skip(0)
    await new Promise<void>((resolve) => scheduler.offer(1, resolve))
    expect(delivered).toBe(0)
    expect(scheduler.waiting).toBe(0)
  })
})

describe('planOf', () => {
  const core = (fields: Partial<SpanCore>): SpanCore => ({ endNanos: '1', ...fields }) as SpanCore

  it('reads ranges as single numbers', () => {
    expect(expandRanges([3, 2, 9, 1])).toEqual([3, 4, 9])
    expect(expandRanges([3])).toEqual([])
  })

  it('places the promise, the chunks and the end of a stream', () => {
    const plan = planOf(core({ shape: 'promise-async-iterable', streamEnd: 'done', deliveries: [4, 1, 6, 3] }), 2)
    expect(plan).toMatchObject({ promise: 4, chunks: [6, 7], end: 8 })
  })

  it('knows what never came', () => {
    expect(planOf(core({ shape: 'promise', deliveries: [] }), 0).promise).toBe('never')
    const { endNanos: _ended, ...unfinished } = core({ pending: true })
    expect(planOf(unfinished, 0).promise).toBe('never')
    const open = planOf(core({ shape: 'async-iterable', streamEnd: 'open', deliveries: [0, 2] }), 2)
    expect(open).toMatchObject({ chunks: [0, 1], end: 'never' })
    expect(planOf(core({ shape: 'async-iterable', streamEnd: 'cancelled', deliveries: [0, 2] }), 2).end).toBe('beyond')
  })

  it('orders nothing where nothing was numbered', () => {
    expect(planOf(core({ shape: 'promise' }), 0).promise).toBe('free')
  })
})
