import { describe, expect, onTestFinished, test } from 'vitest'
import { valueToError } from '../../src/schemas/index.ts'
import { instrument, model, tool } from '../../src/sdk/index.ts'
import { useRecording } from './recording.ts'

const recording = useRecording()

describe('values and errors', () => {
  test('a sync value comes back as it is', async () => {
    const value = { hits: [1, 2] }
    const wrapped = tool((_query: string) => value, { name: 'sync' })
    expect(wrapped('q')).toBe(value)
    const step = await recording.step('sync')
    expect(step.input).toEqual(['q'])
    expect(step.output).toEqual({ hits: [1, 2] })
    expect(step.attributes['reprise.shape']).toBe('value')
    expect(step.attributes['reprise.deliveries']).toBeUndefined()
  })

  test('undefined has no output at all', async () => {
    tool(() => undefined, { name: 'nothing' })()
    const step = await recording.step('nothing')
    expect(step.attributes).not.toHaveProperty('reprise.output')
    expect(step.span.status.code).toBe(0)
  })

  test('null is an output', async () => {
    tool(() => null, { name: 'null' })()
    expect((await recording.step('null')).attributes['reprise.output']).toBe('null')
  })

  test('a thrown error is the same object and is recorded', async () => {
    class QuotaError extends TypeError {
      readonly status = 429
    }
    const error = new QuotaError('too many', { cause: new Error('limit') })
    const wrapped = tool(
      () => {
        throw error
      },
      { name: 'throws' },
    )
    let caught: unknown
    try {
      wrapped()
    } catch (thrown) {
      caught = thrown
    }
    expect(caught).toBe(error)
    const step = await recording.step('throws')
    const recorded = valueToError(step.error)
    expect(recorded).toBeInstanceOf(Error)
    expect(recorded).toMatchObject({ message: 'too many', status: 429, cause: { message: 'limit' } })
    expect(step.attributes['error.type']).toBe('QuotaError')
    expect(step.attributes['reprise.shape']).toBe('value')
    expect(step.span.status).toEqual({ code: 2, message: '' })
  })

  test.each([['a string'], [42], [undefined], [null], [{ code: 'E' }]])('a thrown %j that is no error stays what it is', async (thrown) => {
    const wrapped = tool(
      () => {
        throw thrown
      },
      { name: 'odd' },
    )
    let caught: unknown = 'nothing was thrown'
    try {
      wrapped()
    } catch (error) {
      caught = error
    }
    expect(caught).toBe(thrown)
    const step = await recording.step('odd')
    expect(step.error).toEqual(thrown)
    expect(step.span.status.code).toBe(2)
  })

  test('a rejection is the same error object', async () => {
    const error = new RangeError('no')
    const wrapped = tool(async () => await Promise.reject(error), { name: 'rejects' })
    await expect(wrapped()).rejects.toBe(error)
    const step = await recording.step('rejects')
    expect(step.attributes['error.type']).toBe('RangeError')
    expect(step.attributes['reprise.shape']).toBe('promise')
    expect(step.attributes['reprise.output']).toBeUndefined()
  })

  test('an abort is recorded as an abort', async () => {
    const controller = new AbortController()
    const wrapped = model(
      (_request: object, { signal }: { signal: AbortSignal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
      { name: 'aborted' },
    )
    const call = wrapped({}, { signal: controller.signal })
    controller.abort()
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    const step = await recording.step('aborted')
    expect(step.attributes['error.type']).toBe('AbortError')
    expect(step.input).toEqual([{}, { signal: { type: 'AbortSignal' } }])
  })
})

describe('promises', () => {
  test('a native promise gives a native promise with the same value', async () => {
    const value = { a: 1 }
    const result = tool(() => Promise.resolve(value), { name: 'native' })()
    expect(result).toBeInstanceOf(Promise)
    expect(await result).toBe(value)
    const step = await recording.step('native')
    expect(step.output).toEqual({ a: 1 })
    // It is the root of a run of its own: its result is the end of the run, and no delivery within it.
    expect(step.attributes['reprise.deliveries']).toBeUndefined()
  })

  test('what hangs on a promise is still there', async () => {
    const cancel = (): string => 'cancelled'
    const result = tool(() => Object.assign(Promise.resolve(1), { cancel }), { name: 'handle' })()
    expect(result.cancel).toBe(cancel)
    expect(await result).toBe(1)
  })

  test('the output is the value of the moment it was delivered', async () => {
    const value = { list: [1] }
    const result = await tool(async () => value, { name: 'later' })()
    result.list.push(2)
    expect((await recording.step('later')).output).toEqual({ list: [1] })
  })

  test('what the function does to its arguments, or the caller afterwards, is not in the record', async () => {
    const request = { messages: [{ role: 'user', content: 'first' }], tools: new Map([['a', [1]]]) }
    const greedy = tool(
      async (taken: typeof request) => {
        taken.messages[0]!.content = 'changed by the function'
        await Promise.resolve()
        taken.messages.push({ role: 'assistant', content: 'added by the function' })
        taken.tools.get('a')?.push(2)
        return taken
      },
      { name: 'greedy' },
    )
    const result = await greedy(request)
    result.messages.length = 0
    const step = await recording.step('greedy')
    expect(step.input).toEqual([{ messages: [{ role: 'user', content: 'first' }], tools: new Map([['a', [1]]]) }])
    expect(step.output).toMatchObject({ messages: [{ content: 'changed by the function' }, { content: 'added by the function' }] })
  })

  class LazyPromise<T> extends Promise<T> {
    static started = 0
    readonly #start: () => Promise<T>
    constructor(start: () => Promise<T>) {
      super(() => {})
      this.#start = start
    }
    static override get [Symbol.species](): PromiseConstructor {
      return Promise
    }
    // oxlint-disable-next-line unicorn/no-thenable
    override then<A = T, B = never>(
      onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
      onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
      LazyPromise.started++
      return this.#start().then(onFulfilled, onRejected)
    }
  }

  test('a promise subclass stays itself, and lazy', async () => {
    LazyPromise.started = 0
    const inner = new LazyPromise(async () => 'done')
    const wrapped = tool((): LazyPromise<string> => inner, { name: 'lazy' })
    const result = wrapped()
    expect(result).toBe(inner)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(LazyPromise.started).toBe(0)
    expect(await result).toBe('done')
    expect(LazyPromise.started).toBe(1)
    expect((await recording.step('lazy')).output).toBe('done')
  })

  test('catch and finally of a subclass keep their meaning', async () => {
    const error = new Error('lazy failure')
    const seen: string[] = []
    const wrapped = tool(() => new LazyPromise<string>(() => Promise.reject(error)), { name: 'lazy-fails' })
    const caught = await wrapped()
      .finally(() => {
        seen.push('finally')
      })
      .catch((reason: unknown) => reason)
    expect(caught).toBe(error)
    expect(seen).toEqual(['finally'])
    const step = await recording.step('lazy-fails')
    expect(step.attributes['error.type']).toBe('Error')
  })

  test('a thenable that is no promise stays itself; handlers run once each, the step is told once', async () => {
    const builder = {
      table: 'orders',
      // oxlint-disable-next-line unicorn/no-thenable
      then(this: { table: string }, onFulfilled: (rows: string[]) => unknown) {
        return Promise.resolve([this.table]).then(onFulfilled)
      },
    }
    const result = tool(() => builder, { name: 'builder' })()
    expect(result).toBe(builder)
    expect(Object.keys(result)).toEqual(['table', 'then'])
    expect(await result).toEqual(['orders'])
    expect(await result).toEqual(['orders'])
    expect((await recording.step('builder')).output).toEqual(['orders'])
  })
})

test('a result whose traps all throw comes back untouched', async () => {
  const refuse = (): never => {
    throw new Error('trap')
  }
  const hostile: object = new Proxy(
    {},
    { get: refuse, getPrototypeOf: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse },
  )
  const result = tool(() => [hostile], { name: 'hostile-list' })()
  expect(result[0] === hostile).toBe(true)
  expect(tool(() => hostile, { name: 'hostile' })() === hostile).toBe(true)
  expect((await recording.step('hostile')).output).toEqual({ reason: 'unreadable' })
})

describe('new and this', () => {
  test('this is passed on', () => {
    const kb = {
      rows: [3],
      search: tool(
        function search(this: { rows: number[] }) {
          return this.rows
        },
        { name: 'method' },
      ),
    }
    expect(kb.search()).toBe(kb.rows)
  })

  test('name, length and own properties are those of the function', () => {
    function original(a: number, b: number): number {
      return a + b
    }
    const described = Object.assign(original, { schema: { type: 'object' } })
    const wrapped = tool(described)
    expect(wrapped).not.toBe(described)
    expect(wrapped.name).toBe('original')
    expect(wrapped.length).toBe(2)
    expect(wrapped.schema).toBe(described.schema)
    expect(wrapped(1, 2)).toBe(3)
  })

  test('what has no prototype gets none, and what constructs still does', () => {
    class Holder {
      method(): number {
        return 1
      }
    }
    const plain = [() => 1, async () => 1, new Holder().method]
    for (const fn of plain) {
      expect(Reflect.ownKeys(tool(fn)).sort()).toEqual(Reflect.ownKeys(fn).sort())
      expect(() => Reflect.construct(tool(fn), [])).toThrow(TypeError)
    }
    const bound = tool(Holder.bind(null) as never)
    expect(Reflect.construct(bound, [])).toBeInstanceOf(Holder)
    const generator = tool(function* numbers() {
      yield 1
    })
    expect([...generator()]).toEqual([1])
    expect(generator.prototype).toBeDefined()
  })

  test('metadata that decorators keep beside a function is there of the wrapped one', () => {
    // As reflect-metadata has it.
    const kept = new WeakMap<object, Map<unknown, unknown>>()
    const methods = {
      getOwnMetadataKeys: (target: object) => [...(kept.get(target)?.keys() ?? [])],
      getOwnMetadata: (key: unknown, target: object) => kept.get(target)?.get(key),
      defineMetadata: (key: unknown, value: unknown, target: object) =>
        kept.set(target, new Map([...(kept.get(target) ?? []), [key, value]])),
    }
    Object.assign(Reflect, methods)
    onTestFinished(() => {
      for (const name of Object.keys(methods)) Reflect.deleteProperty(Reflect, name)
    })
    const route = (): string => 'ok'
    methods.defineMetadata('path', '/answers', route)
    const wrapped = instrument(route)
    expect(methods.getOwnMetadata('path', wrapped)).toBe('/answers')
    methods.defineMetadata('path', '/others', wrapped)
    expect(methods.getOwnMetadata('path', route)).toBe('/answers')
  })

  test('a class constructs, unrecorded', () => {
    class Point {
      readonly x: number
      constructor(x: number) {
        this.x = x
      }
      static origin(): Point {
        return new Point(0)
      }
    }
    const wrapped: unknown = tool(Point as never)
    if (typeof wrapped !== 'function') throw new Error('a function expected')
    const point: unknown = Reflect.construct(wrapped, [3])
    expect(point).toBeInstanceOf(Point)
    expect(point).toEqual({ x: 3 })
    expect(Reflect.get(wrapped, 'origin')).toBe(Point.origin)
  })

  test('anything but a function is refused when it is wrapped', () => {
    expect(() => tool(null as never)).toThrow(new TypeError('tool(fn): expected a function, got null'))
    expect(() => instrument({} as never)).toThrow(new TypeError('instrument(fn): expected a function, got object'))
  })

  test('wrapped twice as the same kind is wrapped once', async () => {
    const once = tool((x: number) => x, { name: 'twice' })
    expect(tool(once)).toBe(once)
    tool(once)(1)
    await recording.step('twice')
  })
})

test('a promise behind a Proxy that answers for then, catch and finally by itself, as tracing clients give it, is recorded', async () => {
  class ClientPromise extends Promise<string> {
    static override get [Symbol.species]() {
      return Promise
    }
    readonly label = 'client'
  }
  const given = new ClientPromise((resolve) => resolve('from the client'))
  const traced = given.then((value) => `${value}, traced`)
  const call = tool(
    () =>
      new Proxy(given, {
        get: (target, key) =>
          key === 'then' || key === 'catch' || key === 'finally' ? traced[key].bind(traced) : (Reflect.get(target, key) as unknown),
      }),
    { name: 'behind a proxy' },
  )
  const result = call()
  expect(result).toBeInstanceOf(ClientPromise)
  expect(result.label).toBe('client')
  expect(await result).toBe('from the client, traced')
  expect(Object.hasOwn(given, 'then')).toBe(false)
  expect((await recording.step('behind a proxy')).output).toBe('from the client, traced')
})

test('a Proxy that takes no property is watched through a stand-in', async () => {
  const stubborn = new Proxy({ then: (resolved: (value: number) => void) => resolved(7) }, { defineProperty: () => false })
  expect(await tool(() => stubborn, { name: 'stubborn' })()).toBe(7)
  expect((await recording.step('stubborn')).output).toBe(7)
})
