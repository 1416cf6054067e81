import fc from 'fast-check'
import { Opaque, Truncated } from '../../src/schemas/index.ts'

/** Text of any UTF-16 code units, lone surrogates included. */
const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
)

const anyKey: fc.Arbitrary<string> = fc.oneof(
  anyText,
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'hasOwnProperty', 'length', '$reprise', '0', '10', 'value', 'type', ''),
)

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    0,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    -(2 ** 31) - 1,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    -32,
    -33,
    -128,
    -129,
    -32_769,
  ),
)

const anyBytes = fc.uint8Array({ maxLength: 24 }).map((bytes) => new Uint8Array(bytes))

function views(bytes: Uint8Array<ArrayBuffer>): unknown[] {
  const whole = bytes.slice(0, bytes.length - (bytes.length % 8)).buffer
  return [
    bytes,
    Buffer.from(bytes),
    bytes.buffer.slice(0),
    new DataView(whole),
    new Int8Array(whole),
    new Uint8ClampedArray(whole),
    new Int16Array(whole),
    new Uint16Array(whole),
    new Int32Array(whole),
    new Uint32Array(whole),
    new Float32Array(whole),
    new Float64Array(whole),
    new BigInt64Array(whole),
    new BigUint64Array(whole),
  ]
}

const anyLeaf: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: anyText },
  { weight: 4, arbitrary: anyNumber },
  fc.constantFrom(null, undefined, true, false),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.tuple(anyBytes, fc.nat(13)).map(([bytes, which]) => views(bytes)[which]),
  fc.constantFrom(/a\/b/giu, /\n\/[/]/, /(?:)/),
  fc.webUrl().map((url) => new URL(url)),
  fc.tuple(anyText, fc.option(anyText, { nil: undefined })).map(([type, name]) => new Opaque(type, name)),
  fc.tuple(anyText, fc.option(fc.nat(), { nil: undefined })).map(([reason, size]) => new Truncated(reason, size)),
)

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [key, value] of entries) Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  return object
}

const { value } = fc.letrec<{ value: unknown }>((tie) => {
  const held = tie('value')
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      anyLeaf,
      fc.array(held, { maxLength: 5 }),
      fc.array(fc.tuple(anyKey, held), { maxLength: 5 }).map(objectOf),
      fc.array(fc.tuple(held, held), { maxLength: 3 }).map((entries) => new Map(entries)),
      fc.array(held, { maxLength: 3 }).map((values) => new Set(values)),
    ),
  }
})

/** Any value whose round trip is without loss: no holes, no functions, no class instances. */
export const anyValue: fc.Arbitrary<unknown> = value

const smallLeaf: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  0,
  -0,
  1,
  '1',
  1n,
  null,
  undefined,
  Number.NaN,
  'a',
  '',
  true,
  '\ud800',
  '$reprise',
)
const { small } = fc.letrec<{ small: unknown }>((tie) => {
  const held = tie('small')
  return {
    small: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      smallLeaf,
      fc.constantFrom(0, 1, Number.NaN).map((time) => new Date(time)),
      fc.constantFrom(0, 1).map((byte) => new Uint8Array([byte])),
      fc.constantFrom(0, 1).map((byte) => Buffer.from([byte])),
      fc.constantFrom(0, 1).map((byte) => new Int8Array([byte])),
      fc.constantFrom(/a/, /a/g, new URL('http://a/'), new URL('http://b/')),
      fc.constantFrom('date', 'undefined', 'x').map((tag) => ({ $reprise: tag })),
      fc.array(held, { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'value'), held, { maxKeys: 2, noNullPrototype: true }),
      fc.array(fc.tuple(held, held), { maxLength: 2 }).map((entries) => new Map(entries)),
      fc.array(held, { maxLength: 2 }).map((values) => new Set(values)),
    ),
  }
})

/** Values from so small a world that two of them are often equal. */
export const smallValue: fc.Arbitrary<unknown> = small
