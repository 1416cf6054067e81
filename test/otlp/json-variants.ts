// The same request in the JSON of other senders: what protobuf's JSON form, old versions and JavaScript libraries make of it.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const IDS: Readonly<Record<string, number>> = { traceId: 16, spanId: 8, parentSpanId: 8 }
const LONGS = new Set(['startTimeUnixNano', 'endTimeUnixNano', 'timeUnixNano', 'observedTimeUnixNano', 'intValue'])
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  kind: ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((name) => `SPAN_KIND_${name}`),
  code: ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`),
}
const COUNTS = new Set(['droppedAttributesCount', 'droppedEventsCount', 'droppedLinksCount'])
/** Fields that may be given as null where they are absent, whatever the object. */
const NULLS = ['droppedAttributesCount', 'schemaUrl', 'flags', 'traceState', 'severityText']
const UNKNOWN = ['"__proto__":{"polluted":1}', '"constructor":{"prototype":{"polluted":1}}', '"x-new":[1,{"a":null}]', '"toString":null']

const snakeOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The text of `value`, written in ways that `random` picks; each of them means the same. */
export function variantOf(value: Json, random: () => number): string {
  const pick = <T>(...choices: readonly [T, ...T[]]): T => choices[Math.floor(random() * choices.length)] ?? choices[0]
  const write = (node: Json, name: string): string => {
    if (Array.isArray(node)) return `[${node.map((element: Json) => write(element, '')).join(pick(',', ' , ', ',\n'))}]`
    if (typeof node === 'string') return writeText(node, name)
    if (typeof node === 'number') return writeNumber(node, name)
    if (typeof node !== 'object' || node === null) return String(node)
    const members: string[] = []
    for (const [key, inner] of Object.entries(node)) {
      const spelled = random() < 0.3 ? snakeOf(key) : key
      // Of equal keys the last one holds.
      if (random() < 0.1) members.push(`${JSON.stringify(spelled)}:${pick('null', '{"a":1}', '"earlier"', '7')}`)
      members.push(`${JSON.stringify(spelled)}:${write(inner as Json, key)}`)
    }
    if (random() < 0.2) members.splice(Math.floor(random() * members.length), 0, pick(UNKNOWN[0] ?? '', ...UNKNOWN))
    if (random() < 0.2) for (const absent of NULLS) if (!(absent in node)) members.push(`"${absent}":null`)
    return `{${members.join(',')}}`
  }
  const writeText = (text: string, name: string): string => {
    const size = IDS[name]
    if (size !== undefined && text.length === size * 2) {
      const bytes = Buffer.from(text, 'hex')
      return JSON.stringify(pick(text, text.toUpperCase(), bytes.toString('base64'), bytes.toString('base64url')))
    }
    if (LONGS.has(name) && /^-?[0-9]+$/.test(text)) {
      const long = BigInt(text)
      const low = Number(BigInt.asIntN(32, long))
      const high = Number(BigInt.asIntN(32, long >> 32n))
      // Any number of digits is a number in JSON.
      return pick(JSON.stringify(text), text, `{"low":${low},"high":${high}${pick('', ',"unsigned":true')}}`)
    }
    return JSON.stringify(text)
  }
  const writeNumber = (number: number, name: string): string => {
    const text = Object.is(number, -0) ? '-0' : String(number)
    const word = ENUMS[name]?.[number]
    if (word !== undefined) return pick(text, `"${word}"`, `"${text}"`)
    return COUNTS.has(name) || name === 'flags' || name === 'doubleValue' ? pick(text, `"${text}"`) : text
  }
  return write(value, '')
}
