import { at, type Fields, firstAt, firstStringAt, isFields } from './read-values.ts'
import { argumentsOf, type DerivableStep } from './step.ts'

const QUERY_PATHS = ['query', 'query.text', 'text', 'q', 'question', 'input']
const LIST_PATHS = ['documents', 'hits', 'hits.hits', 'results', 'matches', 'data', 'points']
const ID_PATHS = ['id', '_id', 'documentId', 'document_id', 'document.id', 'metadata.id', 'index']
const SCORE_PATHS = ['score', '_score', 'relevance_score', 'relevanceScore', 'similarity']
const CONTENT_PATHS = [
  'content',
  'text',
  'pageContent',
  'page_content',
  'document.text',
  'document.pageContent',
  'document',
  'metadata.text',
  '_source.text',
]
const TOP_K_PATHS = ['top_k', 'topK', 'k', 'limit', 'top_n', 'topN']

/** The text that was searched for: the first string among the arguments, or a field of the first object. */
export function queryText(step: DerivableStep): string | undefined {
  for (const argument of argumentsOf(step)) {
    if (typeof argument === 'string') return argument
    const text = firstStringAt(argument, QUERY_PATHS)
    if (text !== undefined) return text
  }
  return undefined
}

export function topK(step: DerivableStep): number | undefined {
  for (const argument of argumentsOf(step)) {
    const value = typeof argument === 'number' ? argument : firstAt(argument, TOP_K_PATHS)
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  }
  return undefined
}

/** The documents of a result, best first as they came; undefined where the result holds no list. */
export function documents(output: unknown): readonly Fields[] | undefined {
  const list = Array.isArray(output) ? output : firstListOf(output)
  return list?.map(readDocument)
}

function firstListOf(output: unknown): readonly unknown[] | undefined {
  for (const path of LIST_PATHS) {
    const found = at(output, path)
    if (Array.isArray(found)) return found
  }
  return undefined
}

function readDocument(value: unknown): Fields {
  // [document, score], as LangChain's similarity search gives.
  if (Array.isArray(value) && value.length === 2 && typeof value[1] === 'number') return { ...readDocument(value[0]), score: value[1] }
  if (!isFields(value)) return { content: value }
  const id = firstAt(value, ID_PATHS)
  const score = firstAt(value, SCORE_PATHS)
  const content = firstAt(value, CONTENT_PATHS)
  const metadata = at(value, 'metadata')
  return {
    ...(typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}),
    ...(typeof score === 'number' ? { score } : {}),
    content: content ?? value,
    ...(isFields(metadata) ? { metadata } : {}),
  }
}
