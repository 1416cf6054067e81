import { describe, expect, it } from 'vitest'
import { RUN_PARAMETERS } from '../../src/collector/http/api-parameters.ts'
import { logsQueryOf, runsQueryOf, stepsQueryOf } from '../../src/collector/http/api-query.ts'
import { byteRangeOf } from '../../src/collector/http/byte-range.ts'
import { parseTime } from '../../src/schemas/index.ts'

describe('query parameters', () => {
  const runs = (text: string): unknown => runsQueryOf(new URLSearchParams(text))
  const steps = (text: string): unknown => stepsQueryOf(new URLSearchParams(text))

  it('are read', () => {
    expect(runs('')).toEqual({ limit: 50 })
    expect(
      runs(
        'limit=1000&cursor=abc&kind=training.run&status=error&name=a&namePrefix=b&nameContains=c&model=m&session=s&tag=env%3Dprod&tag=x&from=5&to=2026-11-21&costMin=0.5&costMax=2&text=t&fidelity=observed',
      ),
    ).toEqual({
      limit: 1000,
      cursor: 'abc',
      kind: 'training.run',
      status: 'error',
      name: 'a',
      namePrefix: 'b',
      nameContains: 'c',
      model: 'm',
      session: 's',
      tags: ['env=prod', 'x'],
      fromNanos: '5',
      toNanos: '1795219200000000000',
      costMin: 0.5,
      costMax: 2,
      stepText: 't',
      fidelity: 'observed',
    })
    expect(steps('kind=model&kind=tool&status=open&fromSequence=3&toSequence=9&maxDepth=0&nameContains=x')).toEqual({
      limit: 50,
      kinds: ['model', 'tool'],
      status: 'open',
      fromSequence: 3,
      toSequence: 9,
      maxDepth: 0,
      nameContains: 'x',
    })
    expect(logsQueryOf(new URLSearchParams('span=00f067aa0ba902b7&severityMin=17'))).toEqual({
      limit: 50,
      spanId: '00f067aa0ba902b7',
      severityMin: 17,
    })
  })

  it.each([
    ['limit=0', /^limit: expected a whole number from 1 to 1000/],
    ['limit=1001', /^limit: /],
    ['limit=ten', /^limit: /],
    ['limit=1e3', /^limit: /],
    ['limit=1&limit=2', /^limit: given more than once/],
    ['limt=3', /^unknown parameter; expected limit, cursor/],
    ['__proto__=3', /^unknown parameter/],
    ['kind=llm', /^kind: expected one of run, agent/],
    ['status=good', /^status: expected one of ok/],
    ['cursor=', /^cursor: /],
    [`cursor=${'x'.repeat(1025)}`, /^cursor: /],
    [`nameContains=${'x'.repeat(201)}`, /^nameContains: /],
    ['name=', /^name: /],
    ['from=yesterday', /^from: expected a time such as/],
    ['from=-5', /^from: /],
    ['to=2026-13-45', /^to: /],
    ['costMin=-1', /^costMin: expected a number from 0/],
    ['costMax=1e9', /^costMax: /],
    [Array.from({ length: 21 }, () => 'tag=a').join('&'), /^tag: given more than 20 times/],
  ])('are refused: %.40s', (text, message) => {
    expect(() => runs(text)).toThrow(expect.objectContaining({ status: 400, message: expect.stringMatching(message) }))
  })

  it.each([
    ['names of 200 characters, however many units they take', `name=${encodeURIComponent('\u{1f600}'.repeat(200))}`],
    ['amounts as JSON writes them', `costMin=1e-7&costMax=${1 / 3}`],
    ['a leap day', 'from=2028-02-29&to=2028-02-29T23:59:59.999999999%2B01:00'],
  ])('that the OpenAPI document allows are taken: %s', (_what, text) => {
    expect(() => runs(text)).not.toThrow()
  })

  it('that are times match the pattern of the OpenAPI document exactly when they are taken', () => {
    const pattern = new RegExp(String(RUN_PARAMETERS.from.schema['pattern']))
    const times = [
      '0',
      '01',
      '1795219200000000001',
      '123456789012345678901',
      '2026-11-21',
      '2026-11-21T10:00Z',
      '2026-11-21T10:00:00.5-08:00',
    ]
    const none = [
      '',
      '-1',
      'now',
      '1969-12-31',
      '2026-02-30',
      '2026-13-01',
      '2026-11-21T24:00Z',
      '2026-11-21T10:00:00',
      '2026-11-21T10:00+25:00',
    ]
    for (const text of [...times, ...none]) {
      expect({ text, matches: pattern.test(text) }).toEqual({ text, matches: RUN_PARAMETERS.from.parse(text) !== undefined })
    }
  })

  it('that only runs have are no parameters of steps', () => {
    expect(() => steps('model=x')).toThrow(expect.objectContaining({ status: 400 }))
  })
})

describe('a time', () => {
  it.each([
    ['0', '0'],
    ['1795219200000000001', '1795219200000000001'],
    ['1970-01-01', '0'],
    ['1970-01-01T00:00:01Z', '1000000000'],
    ['1970-01-01T01:00:00.123456789+01:00', '123456789'],
    ['1970-01-01T00:00:00.5Z', '500000000'],
  ])('%s is %s', (text, nanos) => expect(parseTime(text)).toBe(nanos))

  it.each([
    '',
    '01',
    '-1',
    '1e3',
    '2026-02-30T00:00:00Z',
    '2026-02-29',
    '2026-04-31',
    '2026-01-01T24:00Z',
    '1960-01-01',
    'now',
    '2026-11-21T10:00:00',
  ])('%j is none', (text) => expect(parseTime(text)).toBeUndefined())
})

describe('a range of bytes (RFC 9110 section 14)', () => {
  it.each([
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=2-5', { first: 2, last: 5 }],
    ['bytes=7-', { first: 7, last: 9 }],
    ['bytes=7-100', { first: 7, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-100', { first: 0, last: 9 }],
    ['BYTES=1-2', { first: 1, last: 2 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-12', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    [undefined, undefined],
    ['', undefined],
    ['bytes=-', undefined],
    ['bytes=5-2', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=0-1', undefined],
    ['bytes=a-b', undefined],
    ['bytes=0-99999999999999999999', { first: 0, last: 9 }],
    ['bytes=99999999999999999999-', 'unsatisfiable'],
    ['bytes=-99999999999999999999', { first: 0, last: 9 }],
  ])('%s of ten bytes', (header, expected) => expect(byteRangeOf(header, 10)).toEqual(expected))

  // Some clients ask for a range always; the whole of nothing is what they want.
  it('of nothing is the whole of it', () => expect(byteRangeOf('bytes=0-9', 0)).toBeUndefined())
})
