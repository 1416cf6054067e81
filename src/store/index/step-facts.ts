import { type AttributeValue, GENAI, parseJson } from '../../schemas/index.ts'

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

/** `usage` and `costs` are JSON with several numbers, `operation` says whether the numbers are those of inner steps once more. */
type Fact = 'model' | 'inputTokens' | 'outputTokens' | 'usage' | 'session' | 'cost' | 'costs' | 'operation' | 'tags' | 'tag'

/** An attribute that says something for the index. */
export interface FactKey {
  readonly key: string
  readonly fact: Fact
  /** Where several attributes say the same, the one with the lowest counts. */
  readonly rank: number
}

const ranked = (fact: Fact, ...keys: readonly string[]): FactKey[] => keys.map((key, rank) => ({ key, fact, rank }))
/** After all that say it plainly. */
const rankedLast = (fact: Fact, ...keys: readonly string[]): FactKey[] =>
  ranked(fact, ...keys).map((key) => ({ ...key, rank: key.rank + 100 }))

/** All but those that begin with `TAG_PREFIX`: OpenTelemetry's first, then other conventions'. */
export const FACT_KEYS: readonly FactKey[] = [
  ...ranked(
    'model',
    GENAI.requestModel,
    'llm.request.model_name',
    'llm.model_name',
    'embedding.model_name',
    'reranker.model_name',
    'ai.model.id',
    'langfuse.observation.model.name',
    'mlflow.llm.model',
    'gen_ai.response.model',
  ),
  ...ranked(
    'inputTokens',
    GENAI.inputTokens,
    'gen_ai.usage.prompt_tokens',
    'llm.token_count.prompt',
    'ai.usage.inputTokens',
    'ai.usage.promptTokens',
    'ai.usage.tokens',
  ),
  ...ranked(
    'outputTokens',
    GENAI.outputTokens,
    'gen_ai.usage.completion_tokens',
    'llm.token_count.completion',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
  ),
  ...rankedLast('usage', 'langfuse.observation.usage_details', 'mlflow.chat.tokenUsage'),
  ...ranked('operation', 'ai.operationId'),
  ...ranked(
    'session',
    'session.id',
    'gen_ai.conversation.id',
    'langfuse.session.id',
    'ai.telemetry.metadata.sessionId',
    'traceloop.association.properties.session_id',
    'langsmith.trace.session_id',
    'mlflow.trace.session',
  ),
  ...ranked('cost', 'reprise.cost', 'gen_ai.usage.cost', 'llm.cost.total', 'operation.cost'),
  ...rankedLast('costs', 'langfuse.observation.cost_details', 'mlflow.llm.cost'),
  ...ranked('tags', 'tag.tags', 'langfuse.trace.tags', 'ai.telemetry.metadata.tags'),
]
/** Vercel's spans around the calls, which repeat the usage of these and are no containers by their kind. */
const OUTER_OPERATIONS: ReadonlySet<string> = new Set(['ai.embed', 'ai.embedMany', 'ai.rerank'])
const JSON_MAX = 4096
const NO_RANK = 1_000
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
  readonly #ranks = { model: NO_RANK, inputTokens: NO_RANK, outputTokens: NO_RANK, session: NO_RANK, cost: NO_RANK }
  #repeats = false

  take({ key, fact, rank }: FactKey, value: AttributeValue): void {
    switch (fact) {
      case 'model': {
        if (typeof value === 'string' && value !== '') this.#set('model', rank, unquoted(value))
        return
      }
      case 'inputTokens':
      case 'outputTokens':
        this.#setUsage(fact, rank, countOf(value))
        return
      case 'usage': {
        const usage = fieldsIn(value)
        this.#setUsage('inputTokens', rank, usageIn(usage, 'input', 'prompt'))
        this.#setUsage('outputTokens', rank, usageIn(usage, 'output', 'completion'))
        return
      }
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
        if (text !== undefined && text !== '') this.#set('session', rank, cutText(unquoted(text)))
        return
      }
      case 'cost':
        this.#setCost(rank, numberOfValue(value))
        return
      case 'costs': {
        const costs = fieldsIn(value)
        this.#setCost(rank, numberIn(costs, 'total') ?? numberIn(costs, 'total_cost') ?? sumIn(costs, () => true))
        return
      }
      case 'operation':
        if (typeof value !== 'string' || !OUTER_OPERATIONS.has(value)) return
        this.#repeats = true
        this.facts.inputTokens = this.facts.outputTokens = this.facts.cost = undefined
        return
    }
  }

  /** Attributes come in any order. */
  #set<Name extends Exclude<keyof Facts, 'tags'>>(name: Name, rank: number, value: Facts[Name]): void {
    if (rank >= this.#ranks[name]) return
    this.facts[name] = value
    this.#ranks[name] = rank
  }

  #setUsage(name: 'inputTokens' | 'outputTokens', rank: number, count: number | undefined): void {
    if (count !== undefined && !this.#repeats) this.#set(name, rank, count)
  }

  #setCost(rank: number, amount: number | undefined): void {
    if (amount === undefined || !(amount >= 0) || this.#repeats) return
    this.#set('cost', rank, Math.round(Math.min(amount, COST_MAX) * COST_UNIT))
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

/** The model that a span asked for, by whatever convention. */
export function modelOf(attributes: Readonly<Record<string, AttributeValue>>): string | undefined {
  return new FactReader().takeAll(attributes).model
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

/** MLflow writes attributes as JSON, texts too. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text
  const parsed = parsedJson(text)
  return typeof parsed === 'string' ? parsed : text
}

function parsedJson(text: string): unknown {
  if (text.length > JSON_MAX) return undefined
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** The members of a JSON object that is written as text. */
function fieldsIn(value: AttributeValue): readonly (readonly [name: string, value: unknown])[] {
  const parsed = typeof value === 'string' && value.startsWith('{') ? parsedJson(value) : undefined
  return typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : []
}

type Members = ReturnType<typeof fieldsIn>

function numberIn(members: Members, name: string): number | undefined {
  const found = members.find(([key]) => key === name)?.[1]
  return typeof found === 'number' ? found : undefined
}

function sumIn(members: Members, wanted: (name: string) => boolean): number | undefined {
  let sum: number | undefined
  for (const [name, value] of members) if (typeof value === 'number' && wanted(name)) sum = (sum ?? 0) + value
  return sum
}

/**
 * Langfuse counts what was cached, or thought, beside the rest (`input`, `input_cached_tokens`): the total is the sum. MLflow gives totals
 * (`input_tokens`), and so do providers' own names, which both pass on.
 */
function usageIn(members: Members, side: 'input' | 'output', older: 'prompt' | 'completion'): number | undefined {
  const total = numberIn(members, `${side}_tokens`) ?? numberIn(members, `${older}_tokens`) ?? numberIn(members, `${older}Tokens`)
  return countOf(total ?? sumIn(members, (name) => name === side || name.startsWith(`${side}_`)) ?? '')
}

function plainText(value: AttributeValue): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  const number = numberOfValue(value)
  return number === undefined ? undefined : String(number)
}
