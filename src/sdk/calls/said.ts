import { ATTR, type Attributes, type AttributeValue, EFFECTS, type Effect, MEDIA_TYPE_FORM, RepriseError } from '../../schemas/index.ts'

// What a user of plain JavaScript, or of `any`, may have said. Telemetry throws nothing for it while the program runs, and a collector
// would refuse the whole step.

/** Its collector takes names of 16 KiB of UTF-8, with what stands before them. */
const NAME_MAX_CHARACTERS = 4096
const KEY_MAX_CHARACTERS = 1024
const MAX_ATTRIBUTES = 512

/** A name, cut where it is too long; what is none, or empty, gives way. */
export function nameOr(name: unknown, otherwise: string): string {
  if (typeof name === 'number') return String(name)
  return typeof name === 'string' && name !== '' ? name.slice(0, NAME_MAX_CHARACTERS) : otherwise
}

/** One that a collector takes; what is none gives way. */
export function mediaTypeOr(mediaType: unknown, otherwise: string): string {
  // Case says nothing in them (RFC 6838, section 4.2).
  const plain = typeof mediaType === 'string' ? mediaType.toLowerCase() : ''
  return MEDIA_TYPE_FORM.test(plain) ? plain : otherwise
}

/** @throws RepriseError `invalid_option`: whether a replay may run the tool depends on it */
export function effectOr(effect: unknown, otherwise: Effect): Effect {
  if (effect === undefined) return otherwise
  const known = EFFECTS.find((one) => one === effect)
  if (known === undefined)
    throw new RepriseError('invalid_option', `effect: expected one of ${EFFECTS.join(', ')}, found ${String(effect)}`)
  return known
}

/** What attributes can say of a step's input, which has it all. */
export function attributesOf(input: Readonly<Record<string, unknown>>): Attributes {
  const attributes: Record<string, AttributeValue> = {}
  let count = 0
  for (const [key, value] of Object.entries(input)) {
    const said = key.length > KEY_MAX_CHARACTERS ? undefined : attributeOf(value)
    if (said === undefined || count++ >= MAX_ATTRIBUTES) continue
    attributes[key === 'index' ? ATTR.stepIndex : `reprise.step.${key}`] = said
  }
  return attributes
}

function attributeOf(value: unknown): AttributeValue | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return typeof value === 'number' ? finite(value) : undefined
}

/** A metric is always a double, so that a loss of exactly 1 is of the same type as the one before it. */
export function metricValue(value: unknown): AttributeValue {
  const number = numberOf(value)
  return Number.isInteger(number) ? { double: Object.is(number, -0) ? '-0' : number } : finite(number)
}

function numberOf(value: unknown): number {
  try {
    return Number(value)
  } catch {
    return Number.NaN
  }
}

function finite(value: number): AttributeValue {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value
  return { double: Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : value < 0 ? '-Infinity' : '-0' }
}
