import nodeCrypto, { randomUUID } from 'node:crypto'
import nodeTimers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { promisify, types } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { hookState, installHooks, real } from '../../../src/sdk/effects/index.ts'
import { instrument } from '../../../src/sdk/index.ts'

afterEach(() => vi.useRealTimers())

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const PAIRS: Record<string, [unknown, unknown]> = {
  'Date.now': [Date.now, real.dateNow],
  'Math.random': [Math.random, real.random],
  'process.hrtime': [process.hrtime, real.hrtime],
  'process.hrtime.bigint': [process.hrtime.bigint, real.hrtimeBigint],
  'crypto.randomUUID': [randomUUID, real.nodeRandomUUID],
  setTimeout: [setTimeout, real.setTimeout],
  setInterval: [setInterval, real.setInterval],
  setImmediate: [setImmediate, real.setImmediate],
  clearTimeout: [clearTimeout, real.clearTimeout],
  'timers/promises.setTimeout': [timersPromises.setTimeout, real.sleep],
  'AbortSignal.timeout': [AbortSignal.timeout, real.abortTimeout],
}

describe('the functions in the place of clocks, timers and chance', () => {
  it.for(Object.keys(PAIRS))('%s has the name, the length and the keys of the one before it', (name) => {
    const [hooked, before] = PAIRS[name] ?? []
    if (typeof hooked !== 'function' || typeof before !== 'function') throw new Error('expected two functions')
    expect(hooked).not.toBe(before)
    expect([hooked.name, hooked.length]).toEqual([before.name, before.length])
    expect(Reflect.ownKeys(hooked)).toEqual(expect.arrayContaining(Reflect.ownKeys(before)))
  })

  it('are the same however they are reached, and installed once', () => {
    expect(nodeTimers.setTimeout).toBe(setTimeout)
    expect(nodeCrypto.randomUUID).toBe(randomUUID)
    const { now } = Date
    installHooks()
    expect(Date.now).toBe(now)
    expect(hookState.suspended).toBe(0)
  })

  it('leave Date what it is', () => {
    class Later extends Date {
      later(): number {
        return this.getTime() + 1
      }
    }
    expect([Date.name, Date.length, new Date(0).constructor === Date, Date.prototype === real.Date.prototype]).toEqual([
      'Date',
      7,
      true,
      true,
    ])
    expect(new Date(2020, 1, 2, 3).getTime()).toBe(new real.Date(2020, 1, 2, 3).getTime())
    expect(new Date(5)).toBeInstanceOf(real.Date)
    expect(new real.Date(5)).toBeInstanceOf(Date)
    expect([new Later(7).later(), new Later() instanceof Later, new Later() instanceof Date, types.isDate(new Later())]).toEqual([
      8,
      true,
      true,
      true,
    ])
    expect(Math.abs(Date.parse(new Date().toISOString()) - real.dateNow())).toBeLessThan(1000)
    expect(Date()).toMatch(/GMT/)
    expect([Date.UTC(2020), Date.parse('1970-01-01T00:00:00Z'), new Date(Number.NaN).getTime()]).toEqual([1577836800000, 0, Number.NaN])
    expect(structuredClone(new Date(3))).toEqual(new real.Date(3))
  })

  it.for(['outside of a run', 'in one'])('do %s what Node does', async (where) => {
    const body = async (): Promise<unknown[]> => [
      UUID.test(randomUUID()),
      UUID.test(crypto.randomUUID()),
      new Set(Array.from({ length: 1000 }, () => randomUUID())).size,
      Math.random() < 1,
      process.hrtime().length,
      process.hrtime([0, 0])[0] > 0,
      typeof process.hrtime.bigint(),
      await promisify(setTimeout)(1, 'slept'),
      await timersPromises.setTimeout(1, 'slept too'),
      await new Promise((resolve) => setTimeout(resolve, 1, 'called')),
      await new Promise((resolve) => setImmediate(resolve, 'at once')),
      setTimeout(() => {}, 1)
        .unref()
        .hasRef(),
      nodeCrypto.randomBytes(4).length,
      nodeCrypto.randomFillSync(new Uint16Array(3), 1, 1)[0],
      crypto.getRandomValues(new Uint8Array(3)).length,
    ]
    const expected = [true, true, 1000, true, 2, true, 'bigint', 'slept', 'slept too', 'called', 'at once', false, 4, 0, 3]
    expect(await (where === 'in one' ? instrument(body, { name: 'body' }) : body)()).toEqual(expected)
  })

  it.for(['outside of a run', 'in one'])('refuse %s what Node refuses', (where) => {
    const run = (fn: () => unknown): unknown => (where === 'in one' ? instrument(fn, { name: 'body' })() : fn())
    const codeOf = (fn: () => unknown): unknown => {
      try {
        return run(fn)
      } catch (error) {
        return error instanceof DOMException ? error.name : Reflect.get(error as Error, 'code')
      }
    }
    expect(codeOf(() => Reflect.apply(setTimeout, undefined, ['x']))).toBe('ERR_INVALID_ARG_TYPE')
    expect(codeOf(() => Reflect.apply(process.hrtime, process, ['x']))).toBe('ERR_INVALID_ARG_TYPE')
    expect(codeOf(() => Reflect.apply(randomUUID, undefined, [7]))).toBe('ERR_INVALID_ARG_TYPE')
    expect(codeOf(() => crypto.getRandomValues(new Uint8Array(70_000)))).toBe('QuotaExceededError')
    expect(codeOf(() => AbortSignal.timeout(-1))).toBe('ERR_OUT_OF_RANGE')
  })

  it('give way to fake timers, and are there again after them', () => {
    const { now } = Date
    vi.useFakeTimers({ now: 5_000 })
    expect([Date.now(), new Date().toISOString()]).toEqual([5_000, '1970-01-01T00:00:05.000Z'])
    let fired = false
    setTimeout(() => (fired = true), 1_000)
    vi.advanceTimersByTime(1_000)
    expect([fired, Date.now()]).toEqual([true, 6_000])
    vi.useRealTimers()
    expect(Date.now).toBe(now)
  })
})
