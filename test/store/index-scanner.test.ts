import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AttributeValue, canonicalJson, STEP_KINDS, spanCoreSchema } from '../../src/schemas/public.ts'
import { LineScanner } from '../../src/store/index/line-scanner.ts'
import { rowOfLine } from '../../src/store/index/record-row.ts'
import { addNumber, holesOf } from '../../src/store/index/sender-table.ts'
import { FACT_KEYS } from '../../src/store/index/step-facts.ts'
import { prepareSpan, type SpanSketch } from './support/records.ts'

const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    '"',
    '\\',
    '\\"',
    '"}',
    '},"refs":[',
    ',"runId":"',
    'é',
    '日本',
    '😀',
    '\u0000',
    '\\\\"',
    '{',
    ']',
    'x'.repeat(1200),
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((candidate) => candidate.isWellFormed()),
)
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, 7, 1e21, 0.5))
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  { depthSize: 'small' },
  text,
  fc.boolean(),
  number,
  fc.constant(null),
  fc.constantFrom<AttributeValue>({ int: '99999999999999999999' }, { double: 2 }, { double: 'NaN' }, { bytes: 'AAEC' }),
  fc.array(text, { maxLength: 3 }),
  fc.constant<AttributeValue>({
    kvlist: [
      ['runId', 'x'],
      ['a', { kvlist: [['"', 1]] }],
    ],
  }),
)
const key = fc.oneof(
  fc.constantFrom(
    ...FACT_KEYS.map((fact) => fact.key),
    'reprise.tag.env',
    'reprise.tag.',
    'reprise.tag.é"',
    'runId',
    'scope',
    '__proto__',
    'gen_ai.request.modex',
    'service.name',
  ),
  text,
)
const attributes = fc.dictionary(key, value, { maxKeys: 8 })
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
const nanos = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(1_700_000_000_000_000_000n, 1_800_000_000_000_000_000n)).map(String)
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const name = text.filter((candidate) => candidate.length > 0)

const sketch: fc.Arbitrary<SpanSketch> = fc
  .record({
    namespace: fc.constantFrom('local', 'other', 'é"'),
    runId: hex(32),
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: optional(hex(16)),
    name,
    kind: fc.constantFrom(...STEP_KINDS),
    stepName: name,
    operation: name,
    startNanos: nanos,
    endNanos: optional(nanos),
    status: fc.record(
      { code: fc.constantFrom('ok' as const, 'error' as const, 'unset' as const), message: optional(text) },
      { requiredKeys: ['code'] },
    ),
    attributes,
    events: fc.array(fc.record({ name: text, timeNanos: nanos, attributes }), { maxLength: 2 }),
    links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16), attributes }), { maxLength: 1 }),
    resource: fc.record({ attributes, schemaUrl: optional(text) }, { requiredKeys: ['attributes'] }),
    scope: fc.record({ name: text, attributes: optional(attributes) }, { requiredKeys: ['name'] }),
    fidelity: fc.constantFrom('replayable' as const, 'observed' as const),
    pending: optional(fc.constant(true as const)),
    sequence: optional(fc.nat()),
    seed: optional(text),
    effect: optional(fc.constant('write' as const)),
    traceState: optional(text),
    flags: optional(fc.nat(255)),
    deliveries: optional(fc.array(fc.nat(), { maxLength: 4 })),
    redactions: optional(fc.dictionary(name, fc.nat(1000), { maxKeys: 3 })),
    cuts: optional(fc.array(fc.record({ what: text, reason: text, count: fc.nat() }), { maxLength: 2 })),
    content: fc.dictionary(
      fc.constantFrom('input', 'output', '/attributes/é"'),
      text.map((content) => JSON.stringify(content)),
      { maxKeys: 3 },
    ),
  })
  .map(clean) as fc.Arbitrary<SpanSketch>

/** Absent fields are left out of records, deep down as well. */
function clean(candidate: unknown): unknown {
  if (Array.isArray(candidate)) return candidate.map(clean)
  if (typeof candidate !== 'object' || candidate === null) return candidate
  const cleaned = {}
  for (const [field, inner] of Object.entries(candidate))
    if (inner !== undefined)
      Object.defineProperty(cleaned, field, { value: clean(inner), enumerable: true, configurable: true, writable: true })
  return cleaned
}

/** What the scanner makes of a line, and whether it had to parse it whole. */
function scan(line: string, scanner: LineScanner): { row: unknown; parsed: boolean } {
  const parse = JSON.parse
  let parsed = false
  JSON.parse = (source: string, ...rest: []) => {
    parsed ||= source === line
    return parse(source, ...rest) as unknown
  }
  try {
    return { row: scanner.readLine(line), parsed }
  } finally {
    JSON.parse = parse
  }
}

describe('the line scanner', () => {
  test('reads every span as JSON.parse would, without parsing the whole of it', () => {
    const scanner = new LineScanner()
    fc.assert(
      fc.property(sketch, (made) => {
        const { line } = prepareSpan(made).record
        const { row, parsed } = scan(line, scanner)
        expect(row).toEqual(rowOfLine(line))
        expect(parsed).toBe(false)
      }),
      { numRuns: 400 },
    )
  })

  test('lines that have much of the ones before them, and differ in a little, are read as they stand', () => {
    const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(32))
    const few = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
    const like = fc.record({
      runId: few(one, one, one, two, three),
      traceId: few(one, one, two),
      kind: few(...STEP_KINDS.slice(0, 3)),
      fidelity: few('replayable' as const, 'observed' as const),
      namespace: few('local', 'local', 'other'),
      stepName: few('a', 'ab', 'b'),
      redactions: few<Record<string, number> | undefined>(undefined, undefined, { email: 1 }, { email: 12 }),
      resource: few<SpanSketch['resource']>(
        { attributes: { 'service.name': 'one', 'session.id': 'x' } },
        { attributes: { 'service.name': 'one', 'session.id': 'x' } },
        { attributes: { 'service.name': 'two', 'reprise.tag.env': 'y' } },
        { attributes: {} },
      ),
      attributes: fc.record(
        {
          'gen_ai.request.model': few<AttributeValue>('m', 'm', 'm', 'mm', 1, null),
          'gen_ai.usage.input_tokens': few<AttributeValue>(1, 1, 1, 12, 123, 1.5),
          'gen_ai.usage.output_tokens': few<AttributeValue>(7, 70, 700, { double: 7 }),
          'gen_ai.usage.cost': few<AttributeValue>(0.5, 0.5, 0.55),
          'reprise.tag.env': few<AttributeValue>('a', 'b'),
          a: few<AttributeValue>('a', 'a"', 1, 12, ['a']),
          'session.id': few<AttributeValue>('s', 's', 't'),
        },
        { requiredKeys: [] },
      ),
    })
    fc.assert(
      fc.property(fc.array(like, { minLength: 20, maxLength: 60 }), (all) => {
        const scanner = new LineScanner()
        for (const made of all) {
          const { line } = prepareSpan(clean(made) as SpanSketch).record
          const { row, parsed } = scan(line, scanner)
          expect(row).toEqual(rowOfLine(line))
          expect(parsed).toBe(false)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('reads lines in the middle of a text as it does alone', () => {
    fc.assert(
      fc.property(fc.array(sketch, { minLength: 2, maxLength: 5 }), (made) => {
        const lines = made.map((each) => prepareSpan(each).record.line)
        const bytes = Buffer.from(`${lines.join('\n')}\n`)
        const scanner = new LineScanner()
        let start = 0
        for (const line of lines) {
          const end = bytes.indexOf('\n', start)
          expect(scanner.read(bytes, start, end)).toEqual(rowOfLine(line))
          start = end + 1
        }
      }),
      { numRuns: 60 },
    )
  })

  test('falls back on JSON.parse for lines of another form, and throws on what is no JSON', () => {
    const scanner = new LineScanner()
    const { core, refs, record } = prepareSpan({ content: { input: '"x"' } })
    const others = [
      JSON.stringify({ core, refs }),
      ` ${record.line}`,
      canonicalJson({ core: { ...core, zeal: 1 }, refs }),
      canonicalJson({ core, refs, more: 1 }),
      canonicalJson({ core: { ...core, runId: `${core.runId}0` }, refs }),
      canonicalJson({ core: { schema: 'reprise.gap/1', namespace: 'n', reason: 'r', count: 3 }, refs: [] }),
      canonicalJson({ core: { ...core, schema: 'reprise.other/9' }, refs }),
      canonicalJson({
        core: { schema: 'reprise.log/1', namespace: 'n', runId: core.runId, timeNanos: '5', attributes: {}, redactions: { email: 2 } },
        refs,
      }),
      '1',
      '{}',
      '[null]',
    ]
    for (const line of others) expect(scanner.readLine(line)).toEqual(rowOfLine(line))
    for (let cut = 0; cut < record.line.length; cut++) expect(() => scanner.readLine(record.line.slice(0, cut))).toThrow(SyntaxError)
    expect(() => scanner.readLine(`${record.line},`)).toThrow(SyntaxError)
  })

  test('tells the members of a core apart by two letters and the length', () => {
    const keys = Object.keys(spanCoreSchema.shape).map((key) => `${key.slice(0, 2)} ${key.length}`)
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('ends on any damaged line', () => {
    const scanner = new LineScanner()
    const { line } = prepareSpan({ content: { input: '"x"' }, attributes: { 'gen_ai.usage.input_tokens': 5, 'reprise.tag.a': 'b' } }).record
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.nat(127), (at, code) => {
        const changed = Buffer.from(line)
        changed[at] = code
        try {
          scanner.readLine(changed.toString())
        } catch {
          // Damage is found by the checksum of its group, before any line is read.
        }
      }),
    )
  })
})

test('ranges of batch numbers hold what was added and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 60 }), (numbers) => {
      const ranges: [number, number][] = []
      const seen = new Set<number>()
      for (const each of numbers) {
        expect(addNumber(ranges, each)).toBe(!seen.has(each))
        seen.add(each)
      }
      const held = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
      expect(held).toEqual([...seen].sort((left, right) => left - right))
      for (const [index, [from]] of ranges.entries()) if (index > 0) expect(from).toBeGreaterThan((ranges[index - 1]?.[1] ?? 0) + 1)
      const last = Math.max(-1, ...numbers)
      const missing = holesOf(ranges).flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
      expect(missing).toEqual(Array.from({ length: last + 1 }, (_, index) => index).filter((each) => !seen.has(each)))
    }),
  )
})
