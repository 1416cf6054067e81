import { parseJson } from '../schemas/index.ts'

const TIMEOUT_MILLIS = 1_000
const ANSWER_MAX_LENGTH = 10_000

/** What answers at a URL, if a Reprise collector does. */
export interface CollectorAnswer {
  readonly version: string
  /** Its store's folder; told on loopback alone. */
  readonly store: string | undefined
  /** Its clock minus ours; whole seconds. */
  readonly clockMillis: number | undefined
}

/** Asks a URL whether it is a Reprise collector. Undefined when nothing, or something else, answers. */
export async function askCollector(url: string): Promise<CollectorAnswer | undefined> {
  try {
    const response = await fetch(new URL('/api/v1/version', url), { signal: AbortSignal.timeout(TIMEOUT_MILLIS), redirect: 'error' })
    const text = await response.text()
    if (!response.ok || text.length > ANSWER_MAX_LENGTH) return undefined
    const answer: unknown = parseJson(text)
    if (typeof answer !== 'object' || answer === null || !('name' in answer) || answer.name !== 'reprise') return undefined
    const date = Date.parse(response.headers.get('date') ?? '')
    return {
      version: 'version' in answer && typeof answer.version === 'string' ? answer.version : 'unknown',
      store: 'store' in answer && typeof answer.store === 'string' ? answer.store : undefined,
      clockMillis: Number.isFinite(date) ? date - Date.now() : undefined,
    }
  } catch {
    return undefined
  }
}

/** What a collector says of itself; numbers since its start. */
export interface CollectorReadiness {
  /** What is wrong, in words. A collector that does not say it has no problem. */
  readonly problems: readonly string[]
  /** Files taken in from the spool. */
  readonly spool: number
  /** Records that it stored; undefined where it does not tell them apart. */
  readonly stored: { readonly spans: number; readonly logs: number } | undefined
}

/** Asks `/readyz`. */
export async function askReadiness(url: string): Promise<CollectorReadiness> {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(TIMEOUT_MILLIS), redirect: 'error' })
    const answer: unknown = parseJson((await response.text()).slice(0, ANSWER_MAX_LENGTH * 10))
    const problems = listOf(answer, 'problems').filter((problem) => typeof problem === 'string')
    const stats = fieldOf(answer, 'stats')
    const files: unknown = fieldOf(fieldOf(stats, 'spool'), 'files')
    const spans: unknown = fieldOf(fieldOf(stats, 'spans'), 'accepted')
    const logs: unknown = fieldOf(fieldOf(stats, 'logs'), 'accepted')
    return {
      problems,
      spool: typeof files === 'number' ? files : 0,
      stored: typeof spans === 'number' && typeof logs === 'number' ? { spans, logs } : undefined,
    }
  } catch {
    return { problems: [], spool: 0, stored: undefined }
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}

function listOf(value: unknown, key: string): unknown[] {
  const found = fieldOf(value, key)
  return Array.isArray(found) ? found : []
}
