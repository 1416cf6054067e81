import { type AttributeValue, GENAI } from '../../schemas/index.ts'

/** Sums stay exact whatever a sender claims. */
export const COUNT_MAX = 1_000_000_000_000
/** Costs are summed in billionths, as whole numbers: a sum of floats would depend on their order. */
const COST_UNIT = 1_000_000_000
const COST_MAX = 1_000_000
const TEXT_MAX = 256
const TAGS_MAX = 64
export const TAG_PREFIX = 'reprise.tag.'

/** What the index takes from the attributes of one record. docs/queries.md names the attributes. */
export interface Facts {
  model: string | undefined
  inputTokens: number | undefined
  outputTokens: number | undefined
  /** In billionths. */
  cost: number | undefined
  session: string | undefined
  /** `key=value`, or a bare word. */
  tags: string[] | undefined
}

type Fact = 'model' | 'inputTokens' | 'outputTokens' | 'session' | 'cost' | 'tags' | 'tag'

/** An attribute that says something for the index. */
export interface FactKey {
  readonly key: string
  readonly fact: Fact
  /** Where several attributes say the same, the one with the lowest counts. */
  readonly rank: number
}

const ranked = (fact: Fact, ...keys: readonly string[]): FactKey[] => keys.map((key, rank) => ({ key, fact, rank }))

/** All but those that begin with `TAG_PREFIX`. */
export const FACT_KEYS: readonly FactKey[] = [
  ...ranked('model', GENAI.requestModel),
  ...ranked('inputTokens', GENAI.inputTokens),
  ...ranked('outputTokens', GENAI.outputTokens),
  ...ranked('session', 'session.id', 'gen_ai.conversation.id', 'langfuse.session.id'),
  ...ranked('cost', 'reprise.cost', 'gen_ai.usage.cost', 'llm.cost.total', 'operation.cost'),
  ...ranked('tags', 'tag.tags', 'langfuse.trace.tags'),
]
const BY_KEY: ReadonlyMap<string, FactKey> = new Map(FACT_KEYS.map((fact) => [fact.key, fact]))

export function factKeyOf(key: string): FactKey | undefined {
  return key.startsWith(TAG_PREFIX) ? { key, fact: 'tag', rank: 0 } : BY_KEY.get(key)
}

/** Gathers the facts of one record, attribute by attribute in any order. */
export class FactReader {
  readonly facts: Facts = {
    model: undefined,
    inputTokens: undefined,
    outputTokens: undefined,
    cost: undefined,
    session: undefined,
    tags: undefined,
  }
  #sessionRank: number = Number.POSITIVE_INFINITY
  #costRank: number = Number.POSITIVE_INFINITY

  take({ key, fact, rank }: FactKey, value: AttributeValue): void {
    const { facts } = this
    switch (fact) {
      case 'model':
        if (typeof value === 'string') facts.model = value
        return
      case 'inputTokens':
        facts.inputTokens = countOf(value)
        return
      case 'outputTokens':
        facts.outputTokens = countOf(value)
        return
      case 'tag': {
        const text = plainText(value)
        if (text !== undefined) this.#addTag(tagOf(key, text))
        return
      }
      case 'tags':
        for (const tag of Array.isArray(value) ? value : [value]) if (typeof tag === 'string') this.#addTag(tag)
        return
      case 'session': {
        const text = plainText(value)
        if (rank >= this.#sessionRank || text === undefined || text === '') return
        facts.session = cutText(text)
        this.#sessionRank = rank
        return
      }
      case 'cost': {
        const amount = numberOfValue(value)
        if (rank >= this.#costRank || amount === undefined || !(amount >= 0)) return
        facts.cost = Math.round(Math.min(amount, COST_MAX) * COST_UNIT)
        this.#costRank = rank
        return
      }
    }
  }

  takeAll(attributes: Readonly<Record<string, AttributeValue>>): Facts {
    for (const [key, value] of Object.entries(attributes)) {
      const fact = factKeyOf(key)
      if (fact !== undefined) this.take(fact, value)
    }
    return this.facts
  }

  #addTag(tag: string): void {
    const cut = cutText(tag)
    this.facts.tags ??= []
    if (cut !== '' && this.facts.tags.length < TAGS_MAX && !this.facts.tags.includes(cut)) this.facts.tags.push(cut)
  }
}

/** Tags that were made before: to join two texts anew costs as much as to look for many. Bounded. */
const TAGS_MADE = new Map<string, Map<string, string>>()
const TAGS_MADE_MAX = 64

function tagOf(key: string, text: string): string {
  let made = TAGS_MADE.get(key)
  const known = made?.get(text)
  if (known !== undefined) return known
  const tag = `${key.slice(TAG_PREFIX.length)}=${text}`
  if (tag.length > TEXT_MAX) return tag
  if (made === undefined) {
    if (TAGS_MADE.size >= TAGS_MADE_MAX) TAGS_MADE.clear()
    made = new Map()
    TAGS_MADE.set(key, made)
  }
  if (made.size >= TAGS_MADE_MAX) made.clear()
  made.set(text, tag)
  return tag
}

function cutText(text: string): string {
  return text.length > TEXT_MAX ? text.slice(0, TEXT_MAX).toWellFormed() : text
}

/** Joins two lists of tags in order, without doubles, bounded. */
export function joinTags(tags: readonly string[], more: readonly string[]): readonly string[] {
  if (more.every((tag) => tags.includes(tag))) return tags
  return [...new Set([...tags, ...more])].slice(0, TAGS_MAX)
}

export function costOfUnits(units: number): number {
  return units / COST_UNIT
}

export function unitsOfCost(cost: number): number {
  return Math.round(cost * COST_UNIT)
}

/** A number in any of the forms in which senders write one. */
function numberOfValue(value: AttributeValue): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'object' && value !== null && 'int' in value) return Number(value.int)
  if (typeof value === 'object' && value !== null && 'double' in value && typeof value.double === 'number') return value.double
  return undefined
}

/** A count as some senders write it: an integer, a double, decimal digits beyond 2^53. */
function countOf(value: AttributeValue): number | undefined {
  const count = numberOfValue(value)
  return count !== undefined && count >= 0 ? Math.min(Math.floor(count), COUNT_MAX) : undefined
}

function plainText(value: AttributeValue): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  const number = numberOfValue(value)
  return number === undefined ? undefined : String(number)
}
