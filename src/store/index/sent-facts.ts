import { FACT_KEYS, type FactKey, FactReader, type Facts, TAG_PREFIX } from './step-facts.ts'

/** Attributes as they were sent: a value is a text, a number, `{ int }`, or anything else. */
export type SentAttributes = readonly (readonly [key: string, value: unknown])[]

/** Longer texts may not stand in the record. */
const TEXT_MAX = 128
/** The order of tags is that of the record. */
const WALKED: ReadonlySet<string> = new Set(['tags', 'tag'])
const FACTS: ReadonlyMap<string, FactKey> = new Map(FACT_KEYS.map((fact) => [fact.key, fact]))
const NO_FACTS: Readonly<Facts> = new FactReader().facts

/** What attributes say that stand in the record as they were sent, none of them twice; undefined where the record is to be asked. */
export function factsOfSent(attributes: SentAttributes): Readonly<Facts> | undefined {
  let reader: FactReader | undefined
  for (let index = 0; index < attributes.length; index++) {
    const attribute = attributes[index]
    if (attribute === undefined) continue
    const key = attribute[0]
    const fact = FACTS.get(key)
    if (fact === undefined) {
      if (key.startsWith(TAG_PREFIX)) return undefined
      continue
    }
    const value = WALKED.has(fact.fact) ? undefined : valueOf(attribute[1])
    if (value === undefined) return undefined
    reader ??= new FactReader()
    reader.take(fact, value)
  }
  return reader?.facts ?? NO_FACTS
}

function valueOf(sent: unknown): string | number | undefined {
  if (typeof sent === 'string') return sent.length <= TEXT_MAX ? sent : undefined
  const number = typeof sent === 'object' && sent !== null && 'int' in sent && typeof sent.int === 'bigint' ? Number(sent.int) : sent
  // JSON knows neither the others nor a negative zero.
  return typeof number === 'number' && Number.isFinite(number) && !Object.is(number, -0) ? number : undefined
}
