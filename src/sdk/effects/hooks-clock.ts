import { currentEffects } from './effects.ts'
import { real } from './real.ts'

// Methods written in an object have the name and length of what they replace, and no `prototype`, as built-in ones have none.

/** In the place of `Date`: the same prototype and statics, so that dates made before and after are of one kind. */
export function hookDate(): void {
  const { Date: RealDate } = real
  const replacement: DateConstructor = new Proxy(RealDate, {
    apply: (): string => {
      const date = currentEffects()?.date()
      return date === undefined ? RealDate() : new RealDate(date).toString()
    },
    construct: (target, args: unknown[], newTarget): Date => {
      const date = args.length === 0 ? currentEffects()?.date() : undefined
      return Reflect.construct(target, date === undefined ? args : [date], newTarget === replacement ? RealDate : newTarget)
    },
  })
  const { now } = {
    now(): number {
      return currentEffects()?.date() ?? real.dateNow()
    },
  }
  replace(RealDate, 'now', now)
  replace(RealDate.prototype, 'constructor', replacement)
  replace(globalThis, 'Date', replacement)
}

export function hookPerformance(): void {
  const { now } = {
    now(): number {
      return currentEffects()?.performance() ?? real.performanceNow()
    },
  }
  replace(globalThis.performance, 'now', now)
}

export function hookHrtime(): void {
  const hrtime: typeof process.hrtime = Object.assign(
    {
      hrtime(previous?: [number, number]): [number, number] {
        const served = currentEffects()?.hrtime()
        // Node's own says what is wrong with an argument.
        if (served === undefined || previous !== undefined) {
          const now = real.hrtime(previous)
          if (served === undefined) return now
        }
        const nanos = served - (previous === undefined ? 0n : BigInt(previous[0]) * BILLION + BigInt(previous[1]))
        const seconds = nanos / BILLION
        const rest = nanos % BILLION
        // As Node's: the seconds may be negative, the nanoseconds never are.
        return rest < 0n ? [Number(seconds) - 1, Number(rest + BILLION)] : [Number(seconds), Number(rest)]
      },
    }.hrtime,
    { bigint: real.hrtimeBigint },
  )
  const { bigint } = {
    bigint(): bigint {
      return currentEffects()?.hrtime() ?? real.hrtimeBigint()
    },
  }
  replace(hrtime, 'bigint', bigint)
  replace(process, 'hrtime', hrtime)
}

const BILLION = 1_000_000_000n

/**
 * Puts a function in the place of another: with its name, length and own properties, and as visible as that was. Where the program lets
 * nothing be put there (`node --frozen-intrinsics`), the other stays.
 */
export function replace(owner: object, name: string, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  const original: unknown = Reflect.get(owner, name)
  if (typeof value === 'function' && typeof original === 'function' && name !== 'Date' && name !== 'constructor') {
    for (const key of Reflect.ownKeys(original)) {
      const descriptor = Object.getOwnPropertyDescriptor(original, key)
      const isOwn = key !== 'name' && key !== 'length' && Object.hasOwn(value, key)
      if (descriptor !== undefined && !isOwn) Reflect.defineProperty(value, key, descriptor)
    }
  }
  Reflect.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: before?.enumerable ?? false })
}
