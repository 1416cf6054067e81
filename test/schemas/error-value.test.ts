import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { canonicalValue, decodeValue, ErrorValue, encodeValue, errorToValue, MEDIA_TYPE, valueToError } from '../../src/schemas/index.ts'

class ApiError extends Error {
  readonly status = 429
  readonly headers = { 'retry-after': '7' }
}
class NamedError extends RangeError {
  override name = 'NamedError'
  readonly code = 'E_NAMED'
}
class OnPrototype extends Error {}
Object.defineProperty(OnPrototype.prototype, 'name', { value: 'GivenName', writable: true, configurable: true })

function thrownBack(error: unknown): unknown {
  const { mediaType, data } = encodeValue(errorToValue(error))
  return valueToError(decodeValue(mediaType, data))
}

function own(error: Error): Record<string, PropertyDescriptor> {
  const { stack: _stack, ...rest } = Object.getOwnPropertyDescriptors(error) as Record<string, PropertyDescriptor>
  return rest
}

describe('an error as data and back', () => {
  test.each<[string, Error]>([
    ['Error', new Error('e')],
    ['an empty message', Reflect.construct(Error, []) as Error],
    ['TypeError', new TypeError('t')],
    ['RangeError', new RangeError('r')],
    ['SyntaxError', new SyntaxError('s')],
    ['ReferenceError', new ReferenceError('x')],
    ['EvalError', new EvalError('v')],
    ['URIError', new URIError('u')],
    ['own properties', Object.assign(new Error('c'), { code: 'ENOENT', errno: -2, path: '/x' })],
    ['a changed name', Object.assign(new TypeError('c'), { name: 'Other' })],
    ['a hidden name', Object.defineProperty(new Error('c'), 'name', { value: 'Hidden', writable: true, configurable: true })],
    ['a cause', new Error('outer', { cause: new TypeError('inner', { cause: 'text' }) })],
    ['a cause that is undefined', new Error('outer', { cause: undefined })],
    ['AggregateError', new AggregateError([new Error('a'), 'b', { c: 1 }], 'many')],
    [
      '__proto__ and $reprise as properties',
      Object.defineProperty(Object.assign(new Error('p'), { $reprise: 'date' }), '__proto__', {
        value: { a: 1 },
        enumerable: true,
        writable: true,
        configurable: true,
      }),
    ],
    ['an errors property of its own', Object.assign(new TypeError('invalid'), { errors: [{ path: '/a' }] })],
    ['properties beyond JSON', Object.assign(new Error('p'), { at: new Date(5), limit: 5n, retries: undefined })],
  ])('%s', (_name, error) => {
    const back = thrownBack(error) as Error
    expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(error))
    expect(back.name).toBe(error.name)
    expect(back.message).toBe(error.message)
    expect(back.stack).toBe(error.stack)
    expect(
      Object.keys(own(back))
        .filter((key) => key !== 'message')
        .sort(),
    ).toEqual(
      Object.keys(own(error))
        .filter((key) => key !== 'message')
        .sort(),
    )
    for (const [key, { enumerable }] of Object.entries(own(error))) expect(own(back)[key]?.enumerable, key).toBe(enumerable)
    expect(canonicalValue(back)).toBe(canonicalValue(error))
    expect(canonicalValue(errorToValue(error))).toBe(canonicalValue(error))
  })

  test('a DOMException', () => {
    const abort = AbortSignal.abort().reason as DOMException
    const back = thrownBack(abort) as DOMException
    expect(back).toBeInstanceOf(DOMException)
    expect({ name: back.name, message: back.message, code: back.code }).toEqual({ name: 'AbortError', message: abort.message, code: 20 })
    expect(canonicalValue(back)).toBe(canonicalValue(abort))
    expect(canonicalValue(new DOMException(abort.message, 'TimeoutError'))).not.toBe(canonicalValue(abort))
  })

  test('another class comes back as an Error of that class name, again and again', () => {
    const error = new ApiError('slow down', { cause: new Error('socket') })
    const back = thrownBack(error) as ApiError
    expect(back).toBeInstanceOf(Error)
    expect(back).not.toBeInstanceOf(ApiError)
    expect(back.constructor.name).toBe('ApiError')
    expect({ ...back, message: back.message, name: back.name }).toEqual({
      status: 429,
      headers: { 'retry-after': '7' },
      message: 'slow down',
      name: 'Error',
    })
    expect((back.cause as Error).message).toBe('socket')
    expect(canonicalValue(back)).toBe(canonicalValue(error))
    expect(encodeValue(errorToValue(back))).toEqual(encodeValue(errorToValue(error)))
    expect(Object.getPrototypeOf(thrownBack(error))).toBe(Object.getPrototypeOf(back))
  })

  test('a class on top of a built-in one stays an instance of that', () => {
    const back = thrownBack(new NamedError('far')) as NamedError
    expect(back).toBeInstanceOf(RangeError)
    expect(back.name).toBe('NamedError')
    expect(back.constructor.name).toBe('NamedError')
    expect(back.code).toBe('E_NAMED')
  })

  test.each<[string, () => Error]>([
    [
      'by a getter',
      () =>
        new (class Getter extends Error {
          override get name() {
            return 'GivenName'
          }
        })('g'),
    ],
    ['on its prototype', () => new OnPrototype('p')],
    ['on the prototype of the class that it extends', () => new (class Child extends OnPrototype {})('c')],
    [
      'over that of a built-in class',
      () =>
        new (class Ranged extends RangeError {
          override get name() {
            return 'GivenName'
          }
        })('r'),
    ],
    [
      'under the name of a built-in class',
      () =>
        new ({
          TypeError: class extends Error {
            override get name() {
              return 'GivenName'
            }
          },
        }).TypeError('t'),
    ],
  ])('a name that the class gives %s comes back on the class, and makes no difference to equality', (_name, make) => {
    const error = make()
    const back = thrownBack(error) as Error
    expect([back.name, back.constructor.name, back.message]).toEqual(['GivenName', error.constructor.name, error.message])
    expect(Object.hasOwn(back, 'name')).toBe(false)
    expect(back instanceof RangeError).toBe(error instanceof RangeError)
    expect(thrownBack(back)).toStrictEqual(back)
    expect(encodeValue(errorToValue(back))).toEqual(encodeValue(errorToValue(error)))
    // As it was recorded before the name was kept.
    const { inheritedName, ...before } = (errorToValue(error) as ErrorValue).fields
    expect(inheritedName).toBe('GivenName')
    expect(canonicalValue(new ErrorValue(before))).toBe(canonicalValue(error))
    expect(canonicalValue(back)).toBe(canonicalValue(error))
  })

  test('one class name with several names of errors is several classes', () => {
    const named = (name: string) =>
      thrownBack(
        new {
          Made: class extends Error {
            override get name() {
              return name
            }
          },
        }.Made('m'),
      ) as Error
    const plain = thrownBack(new { Made: class extends Error {} }.Made('m')) as Error
    expect([named('One').name, named('Two').name, plain.name, named('One').name]).toEqual(['One', 'Two', 'Error', 'One'])
    expect(Error.prototype.name).toBe('Error')
  })

  test('a class on top of AggregateError keeps its errors', () => {
    class Several extends AggregateError {}
    const back = thrownBack(new Several([new TypeError('a')], 'm')) as AggregateError
    expect(back).toBeInstanceOf(AggregateError)
    expect([back.constructor.name, back.message, back.errors]).toStrictEqual(['Several', 'm', [new TypeError('a')]])
  })

  test('an error of another realm is one', () => {
    const foreign: unknown = runInNewContext('new TypeError("there")')
    expect(foreign).not.toBeInstanceOf(Error)
    const back = thrownBack(foreign)
    expect(back).toBeInstanceOf(TypeError)
    expect((back as Error).message).toBe('there')
  })

  test.each([['text'], [7], [null], [undefined], [{ code: 1 }]])('%o, thrown as it is, comes back as it was', (thrown) => {
    expect(errorToValue(thrown)).toBe(thrown)
    expect(thrownBack(thrown)).toStrictEqual(thrown)
  })

  test('inside data', () => {
    const value = { results: [{ status: 'rejected', reason: new TypeError('no') }] }
    const { mediaType, data } = encodeValue(value)
    expect(mediaType).toBe(MEDIA_TYPE.json)
    const back = decodeValue(mediaType, data) as typeof value
    expect(back).toStrictEqual(value)
    expect(back.results[0]?.reason).toBeInstanceOf(TypeError)
  })
})

describe('the form of the record', () => {
  test('names class, message and properties; the stack is last', () => {
    const error = Object.assign(new NamedError('far'), { stack: 'at home' })
    expect(encodeValue(errorToValue(error)).data).toBe(
      '{"$reprise":"error","type":"NamedError","base":"RangeError","message":"far","properties":{"name":"NamedError","code":"E_NAMED"},"stack":"at home"}',
    )
  })

  test('a name is kept once, and the one that a built-in class gives not at all', () => {
    const text = (error: Error) => encodeValue(errorToValue(Object.assign(error, { stack: 's' }))).data
    expect(text(new OnPrototype('m'))).toBe(
      '{"$reprise":"error","type":"OnPrototype","inheritedName":"GivenName","message":"m","stack":"s"}',
    )
    expect(text(new (class Child extends TypeError {})('m'))).toBe(
      '{"$reprise":"error","type":"Child","base":"TypeError","message":"m","stack":"s"}',
    )
    const own = Object.assign(new OnPrototype('m'), { name: 'GivenName' })
    expect(text(own)).toBe('{"$reprise":"error","type":"OnPrototype","message":"m","properties":{"name":"GivenName"},"stack":"s"}')
    const other = Object.defineProperty(new OnPrototype('m'), 'name', { value: 'Error' })
    expect(text(other)).toBe('{"$reprise":"error","type":"OnPrototype","name":"Error","message":"m","stack":"s"}')
  })

  test('what has a field of its own is not among the properties', () => {
    const error = Object.assign(new AggregateError([2], 'm'), { cause: 1, stack: 's', errors: [3] })
    const text = '{"$reprise":"error","type":"AggregateError","message":"m","cause":1,"errors":[3],"stack":"s"}'
    expect(encodeValue(errorToValue(error)).data).toBe(text)
  })

  test('snapshots inside a snapshot come back as errors without any encoding', () => {
    const capture = (held: unknown): unknown => (Array.isArray(held) ? held.map((one) => errorToValue(one)) : errorToValue(held))
    const error = new AggregateError([new TypeError('a'), 'b'], 'm', { cause: new RangeError('c') })
    const back = valueToError(errorToValue(error, capture)) as AggregateError
    expect(back.errors).toStrictEqual([new TypeError('a'), 'b'])
    expect(back.cause).toStrictEqual(new RangeError('c'))
    expect(encodeValue(errorToValue(error, capture))).toEqual(encodeValue(error))
  })

  test('the stack makes no difference to equality, all else does', () => {
    const [a, b] = [new Error('x'), new Error('x')]
    b.stack = 'elsewhere'
    expect(canonicalValue(a)).toBe(canonicalValue(b))
    expect(canonicalValue(a)).not.toContain('stack')
    for (const other of [
      new Error('y'),
      new TypeError('x'),
      new ApiError('x'),
      Object.assign(new Error('x'), { code: 1 }),
      new Error('x', { cause: 1 }),
    ]) {
      expect(canonicalValue(other)).not.toBe(canonicalValue(a))
    }
  })

  test('capture is applied to what the error holds', () => {
    const error = Object.assign(new AggregateError(['e'], 'm', { cause: 'c' }), { own: 'p' })
    const seen: unknown[] = []
    const value = errorToValue(error, (held) => {
      seen.push(held)
      return 'captured'
    })
    expect(seen).toEqual(['p', 'c', ['e']])
    expect(value).toBeInstanceOf(ErrorValue)
    expect((value as ErrorValue).fields).toMatchObject({ cause: 'captured', errors: 'captured' })
    expect({ ...(value as ErrorValue).fields.properties }).toEqual({ own: 'captured' })
  })

  test('a hostile error does not break the recording', () => {
    const hostile = new Proxy(new Error('x'), {
      get: (target, key) => {
        if (key === 'message' || key === 'stack') throw new Error('trap')
        return Reflect.get(target, key) as unknown
      },
    })
    expect((errorToValue(hostile) as ErrorValue).fields).toMatchObject({ type: 'Error', message: '' })
    class Throwing extends Error {
      override get name(): string {
        throw new Error('no name')
      }
    }
    expect((thrownBack(new Throwing('x')) as Error).name).toBe('Error')
    const long = new (class Long extends Error {
      override get name() {
        return 'x'.repeat(5000)
      }
    })('m')
    expect((errorToValue(long) as ErrorValue).fields).not.toHaveProperty('inheritedName')
    const odd = Object.assign(new Error('x'), { name: 7, message: { not: 'text' }, constructor: 'none' })
    expect(() => encodeValue(errorToValue(odd))).not.toThrow()
    expect((errorToValue(Object.setPrototypeOf(new Error('bare'), null)) as ErrorValue).fields).toMatchObject({
      type: 'Error',
      message: 'bare',
    })
  })

  test('many class names from records keep working', () => {
    for (let index = 0; index < 1000; index += 1) {
      const back = decodeValue(MEDIA_TYPE.json, `{"$reprise":"error","type":"Made${index}","message":"m"}`) as Error
      expect(back.constructor.name).toBe(`Made${index}`)
    }
    const long = decodeValue(MEDIA_TYPE.json, `{"$reprise":"error","type":"${'x'.repeat(5000)}","message":"m"}`) as Error
    expect(long.constructor.name).toHaveLength(200)
  })
})
