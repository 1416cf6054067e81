import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  flagOf,
  OPTION_KEYS,
  OPTIONS,
  type OptionKey,
  type OptionSources,
  RepriseError,
  resolveOptions,
  resourceAttributesFromEnv,
} from '../../src/schemas/index.ts'

function refusal(run: () => unknown): RepriseError {
  try {
    run()
  } catch (error) {
    if (RepriseError.isInstance(error)) return error
    throw error
  }
  throw new Error('was not refused')
}

const file = (values: unknown): OptionSources => ({ env: {}, file: { path: '/p/reprise.config.json', values } })

// For each option: texts that are accepted and what they mean, and texts that are not.
const CASES: { readonly [K in OptionKey]: { good: [unknown, unknown][]; bad: unknown[] } } = {
  endpoint: { good: [['https://h:1/base/', 'https://h:1/base']], bad: ['h:4318', 'ftp://h', 'http://', 7] },
  exporter: { good: [['otlp', 'otlp']], bad: ['OTLP', 'console', true] },
  enabled: {
    good: [
      ['false', false],
      ['TRUE', true],
      ['0', false],
      ['on', true],
      [false, false],
    ],
    bad: ['nope', 'truthy', 0, null],
  },
  serviceName: { good: [['shop', 'shop']], bad: ['  ', 7] },
  store: { good: [['/var/x', '/var/x']], bad: ['a\0b', 7] },
  host: { good: [['::1', '::1']], bad: ['a b', 'http://x'] },
  grpcPort: {
    good: [
      ['0', 0],
      ['65535', 65_535],
      [4317, 4317],
      ['off', 'off'],
      [false, 'off'],
    ],
    bad: ['65536', '-1', 'no', true],
  },
  workers: {
    good: [
      ['0', 0],
      [4, 4],
    ],
    bad: ['-1', '257', 'auto', 1.5],
  },
  port: {
    good: [
      ['0', 0],
      ['65535', 65_535],
      [4318, 4318],
    ],
    bad: ['65536', '-1', '4318.0', '0x10', '1e3', ' 1', 1.5, '99999999999999999999'],
  },
  namespace: { good: [['team-a', 'team-a']], bad: ['-a', 'A', 'a_b', 'a'.repeat(64)] },
  quarantineKey: {
    good: [[`x25519:${'A'.repeat(43)}`, `x25519:${'A'.repeat(43)}`]],
    bad: ['x25519:AAAA', 'A'.repeat(43), 7],
  },
  quarantineMaxBytes: { good: [['1MiB', 1_048_576]], bad: ['1000', '-1', 'much'] },
  redactionPolicy: {
    good: [
      ['strict', 'strict'],
      ['./own.json', './own.json'],
    ],
    bad: [' ', 7, true],
  },
  forward: {
    good: [
      ['http://a, https://b/', ['http://a', 'https://b']],
      [['http://a/v1/'], ['http://a/v1']],
    ],
    bad: ['http://a,b', ['http://a', 7], {}],
  },
  forwardHeadersFile: { good: [['headers.txt', 'headers.txt']], bad: [7] },
  otlpHeaders: { good: [['X-Key=a%20b, y = 2', { 'x-key': 'a b', y: '2' }]], bad: ['novalue', '=x', 'a b=1', 'k=%zz', 'k=a%0Db', 7] },
  effects: {
    good: [
      ['all', ['date', 'performance', 'hrtime', 'random', 'uuid', 'timers', 'bytes']],
      ['none', []],
      ['random, date', ['date', 'random']],
      [['timers'], ['timers']],
    ],
    bad: ['dates', 'all,none', 7, [1]],
  },
  captureMaxBytes: {
    good: [
      ['4096', 4096],
      ['64KiB', 65_536],
      ['1gib', 2 ** 30],
    ],
    bad: ['1023', '4MB', '1.5MiB', '-1'],
  },
  wire: { good: [['on', true]], bad: ['perhaps'] },
  captureMaxDepth: { good: [['100', 100]], bad: ['0', '101'] },
  captureMaxEntries: { good: [['1', 1]], bad: ['0', 'many'] },
  queueMaxBytes: { good: [['1MiB', 2 ** 20]], bad: ['1KiB'] },
  flushIntervalMillis: { good: [['1', 1]], bad: ['0', '1s'] },
  flushTimeoutMillis: { good: [['86400000', 86_400_000]], bad: ['86400001'] },
  exitTimeoutMillis: { good: [['0', 0]], bad: ['-1'] },
  spool: { good: [['off', false]], bad: ['maybe'] },
  spoolFolder: { good: [['/tmp/spool', '/tmp/spool']], bad: [] },
  spoolMaxBytes: { good: [['1MiB', 1024 * 1024]], bad: ['1'] },
  spoolMaxAgeMillis: { good: [['3600000', 3_600_000]], bad: ['999'] },
  bodyMaxBytes: { good: [['1KiB', 1024]], bad: ['2GiB'] },
  decodedMaxBytes: { good: [['1GiB', 2 ** 30]], bad: ['0'] },
  attributeMaxCount: { good: [['5', 5]], bad: ['0'] },
  depthMax: { good: [['7', 7]], bad: ['0', '1000'] },
  batchWaitMillis: { good: [['0', 0]], bad: ['-1', '3600001'] },
  logLevel: { good: [['debug', 'debug']], bad: ['verbose', 'DEBUG'] },
}

describe.each(OPTION_KEYS)('%s', (key) => {
  const row = OPTIONS[key]

  test('stands in the table whole', () => {
    expect(row.key).toBe(key)
    expect(row.doc).toMatch(/^[A-Z].*\.$/)
    expect(row.accepts).not.toBe('')
    if (row.default !== undefined) expect(row.parse(row.default)).toEqual(row.default)
  })

  test('has its default', () => {
    const { values, origins } = resolveOptions({ env: {} })
    expect(values[key]).toBe(row.default)
    expect(origins[key]).toEqual({ from: 'default' })
  })

  test.each(CASES[key].good)('takes %o', (input, expected) => {
    expect(resolveOptions(file({ [key]: input })).values[key]).toEqual(expected)
    if (row.secret === undefined) expect(resolveOptions({ env: {}, flags: { [key]: input } }).values[key]).toEqual(expected)
    const [name] = row.env
    if (typeof input === 'string') expect(resolveOptions({ env: { [name as string]: input } }).values[key]).toEqual(expected)
  })

  test.each(CASES[key].bad)('refuses %o and names key, source and accepted form', (input) => {
    const fromFile = refusal(() => resolveOptions(file({ [key]: input })))
    expect(fromFile.code).toBe('invalid_option')
    expect(fromFile.message).toContain(`${key} (file /p/reprise.config.json): expected ${row.accepts}`)
    const [name] = row.env
    if (typeof input === 'string') {
      const fromEnv = refusal(() => resolveOptions({ env: { [name as string]: input } }))
      expect(fromEnv.message).toContain(`${key} (environment ${name}): expected ${row.accepts}`)
      expect(fromEnv.details).toMatchObject({ key, from: 'environment', name })
    }
    if (row.secret === undefined) {
      expect(refusal(() => resolveOptions({ env: {}, flags: { [key]: input } })).message).toContain(
        `${key} (flag ${flagOf(key)}): expected ${row.accepts}`,
      )
    }
  })
})

describe('precedence', () => {
  const env = { REPRISE_PORT: '2' }
  test('flag over environment over file over default', () => {
    const sources = { env, file: { path: 'f', values: { port: 3 } } }
    const flagged = resolveOptions({ ...sources, flags: { port: '1' } })
    expect([flagged.values.port, flagged.origins.port]).toEqual([1, { from: 'flag', name: '--port' }])
    const fromEnv = resolveOptions({ ...sources, flags: { port: undefined } })
    expect([fromEnv.values.port, fromEnv.origins.port]).toEqual([2, { from: 'environment', name: 'REPRISE_PORT' }])
    const fromFile = resolveOptions({ ...sources, env: { REPRISE_PORT: '' } })
    expect([fromFile.values.port, fromFile.origins.port]).toEqual([3, { from: 'file', name: 'f' }])
    expect(resolveOptions({ env: { REPRISE_PORT: undefined } }).values.port).toBe(4318)
  })

  test('our variable over that of OpenTelemetry; an empty one counts as unset', () => {
    const both = { REPRISE_ENDPOINT: 'http://ours', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://theirs' }
    expect(resolveOptions({ env: both }).values.endpoint).toBe('http://ours')
    const theirs = resolveOptions({ env: { ...both, REPRISE_ENDPOINT: '' } })
    expect([theirs.values.endpoint, theirs.origins.endpoint.name]).toEqual(['http://theirs', 'OTEL_EXPORTER_OTLP_ENDPOINT'])
  })

  test.each<[Record<string, string>, boolean]>([
    [{ OTEL_SDK_DISABLED: 'true' }, false],
    [{ OTEL_SDK_DISABLED: 'TRUE' }, false],
    [{ OTEL_SDK_DISABLED: 'false' }, true],
    // OpenTelemetry: any value but "true" means false.
    [{ OTEL_SDK_DISABLED: 'yes' }, true],
    [{ OTEL_SDK_DISABLED: '' }, true],
    [{ OTEL_SDK_DISABLED: 'true', REPRISE_ENABLED: 'true' }, true],
    [{ OTEL_SDK_DISABLED: 'false', REPRISE_ENABLED: 'false' }, false],
  ])('%o means enabled: %s', (env, expected) => {
    expect(resolveOptions({ env }).values.enabled).toBe(expected)
  })

  test('flags of no option are left alone, inherited ones are not read', () => {
    expect(resolveOptions({ env: {}, flags: { json: true, ...Object.create({ port: 1 }) } }).values.port).toBe(4318)
    expect(resolveOptions({ env: {}, flags: Object.create({ port: 1 }) as Record<string, unknown> }).values.port).toBe(4318)
  })
})

describe('the config file', () => {
  test.each([
    ['prot', 'port'],
    ['captureMaxByte', 'captureMaxBytes'],
    ['PORT', 'port'],
    ['log_level', 'logLevel'],
  ])('an unknown key %s is refused with the nearest, %s', (wrong, nearest) => {
    const error = refusal(() => resolveOptions(file({ [wrong]: 1 })))
    expect(error.code).toBe('invalid_option')
    expect(error.message).toBe(`file /p/reprise.config.json: unknown option '${wrong}'; did you mean '${nearest}'?`)
  })

  test.each([['__proto__'], ['constructor'], ['toString']])('%s is an unknown key too', (key) => {
    expect(refusal(() => resolveOptions(file(JSON.parse(`{"${key}":1}`)))).message).toContain(`unknown option '${key}'`)
  })

  test('$schema is allowed', () => {
    expect(resolveOptions(file({ $schema: 'x', port: 1 })).values.port).toBe(1)
  })

  test.each([[null], [[]], ['text'], [7]])('%o is not an object of options', (values) => {
    expect(refusal(() => resolveOptions(file(values))).message).toBe('file /p/reprise.config.json: expected an object of options')
  })
})

describe('secrets', () => {
  const env = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hunter2' }

  test('headers can be used as headers but do not show', () => {
    const { values } = resolveOptions({ env })
    expect({ ...values.otlpHeaders }).toEqual({ authorization: 'Bearer hunter2' })
    expect(Object.entries(values.otlpHeaders)).toEqual([['authorization', 'Bearer hunter2']])
    for (const shown of [JSON.stringify(values), inspect(values, { depth: 9 }), String(JSON.stringify({ deep: [values] }))]) {
      expect(shown).not.toContain('hunter2')
    }
  })

  test('are refused as a flag', () => {
    const error = refusal(() => resolveOptions({ env: {}, flags: { otlpHeaders: 'authorization=hunter2' } }))
    expect(error.message).toBe(
      'otlpHeaders (flag --otlp-headers): may hold credentials; expected in OTEL_EXPORTER_OTLP_HEADERS or the config file',
    )
  })

  test.each([
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'hunter2' }],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'k=hunter2%zz' }],
    [{ REPRISE_ENDPOINT: 'user:hunter2@host' }],
    [{ REPRISE_FORWARD: 'ftp://user:hunter2@host' }],
  ])('an error about %o does not quote it', (bad) => {
    const error = refusal(() => resolveOptions({ env: bad }))
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
  })

  test('an error about a harmless value quotes it, shortened', () => {
    expect(refusal(() => resolveOptions({ env: { REPRISE_PORT: 'web' } })).message).toContain('got "web"')
    expect(refusal(() => resolveOptions({ env: { REPRISE_PORT: '9'.repeat(1000) } })).message.length).toBeLessThan(200)
  })
})

describe('OTEL_RESOURCE_ATTRIBUTES', () => {
  test('pairs, percent-decoded, the service name from its own variable', () => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=old, team = a%2Cb ,empty=,x=1=2;meta', OTEL_SERVICE_NAME: 'shop' }
    expect({ ...resourceAttributesFromEnv(env) }).toEqual({ 'service.name': 'shop', team: 'a,b', empty: '', x: '1=2' })
    expect(resourceAttributesFromEnv({ ...env, OTEL_SERVICE_NAME: '' })['service.name']).toBe('old')
  })

  test('nothing where nothing is set', () => {
    expect({ ...resourceAttributesFromEnv({}) }).toEqual({})
    expect({ ...resourceAttributesFromEnv({ OTEL_RESOURCE_ATTRIBUTES: ' , ' }) }).toEqual({})
  })

  test.each(['novalue', '=1', 'a=1,b', 'a=%e0%a4%a'])('%s is refused whole', (bad) => {
    const error = refusal(() => resourceAttributesFromEnv({ OTEL_RESOURCE_ATTRIBUTES: bad }))
    expect(error.code).toBe('invalid_option')
    expect(error.message).toContain('OTEL_RESOURCE_ATTRIBUTES')
  })

  test('whatever is percent-encoded comes back', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 })
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: 'grapheme' }), { maxKeys: 5 }), (attributes) => {
        const text = Object.entries(attributes)
          .map((pair) => pair.map(encodeURIComponent).join('='))
          .join(',')
        const read = resourceAttributesFromEnv({ OTEL_RESOURCE_ATTRIBUTES: text })
        expect(Object.entries(read).sort()).toEqual(Object.entries(attributes).sort())
      }),
    )
  })
})

test('flags are the keys in kebab case, each once; variables are not shared', () => {
  expect(flagOf('captureMaxBytes')).toBe('--capture-max-bytes')
  const names = OPTION_KEYS.flatMap((key) => OPTIONS[key].env)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^(REPRISE|OTEL)_[A-Z_]+$/)
})
