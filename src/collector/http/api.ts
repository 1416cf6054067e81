import { setImmediate as nextTurn } from 'node:timers/promises'
import { Hono } from 'hono'
import { isDigest, type SpanRecord } from '../../schemas/index.ts'
import type { StepPage, Store } from '../../store/index.ts'
import type { CollectorStats } from '../counters.ts'
import type { Logger } from '../log.ts'
import { VERSION } from '../version.ts'
import { ApiError, apiErrorOf, errorBody } from './api-error.ts'
import { type PageQuery, pageQueryOf, runsQueryOf } from './api-query.ts'

export interface ApiOptions {
  readonly store: Store
  readonly storeFolder: string
  /** The one namespace that this collector writes and shows. */
  readonly namespace: string
  /** Whether answers may name the store's folder: only on loopback. */
  readonly tellFolder: boolean
  readonly stats: () => CollectorStats
  /** Why the collector is not ready; empty when it is. */
  readonly problems: () => readonly string[]
  readonly log: Logger
}

const RUN_ID = /^[0-9a-f]{32}$/
const NEAREST = 5

function runIdOf(text: string): string {
  if (!RUN_ID.test(text)) throw new ApiError(400, 'invalid_argument', 'run id: expected 32 lowercase hex digits')
  return text
}

/** A page of steps is read in pieces: a step can be a record of megabytes, and others want the event loop too. */
const PIECE_STEPS = 50
const PAGE_MAX_BYTES = 8 * 1024 * 1024

/** Fewer steps than asked for when they are large; `next` then goes on from there. */
async function readSteps(store: Store, runId: string, { limit, cursor }: PageQuery, namespace: string): Promise<StepPage> {
  const steps: SpanRecord[] = []
  let next = cursor
  let bytes = 0
  do {
    const piece = store.index.listSteps(runId, {
      limit: Math.min(PIECE_STEPS, limit - steps.length),
      namespace,
      ...(next !== undefined && { cursor: next }),
    })
    steps.push(...piece.steps)
    next = piece.next
    for (const step of piece.steps) bytes += JSON.stringify(step).length
    await nextTurn()
  } while (next !== undefined && steps.length < limit && bytes < PAGE_MAX_BYTES)
  return { steps, ...(next !== undefined && { next }) }
}

/** Health and the read API. All reads are bounded; nothing is changed by any of them. */
export function createApi(options: ApiOptions): Hono {
  const { store, log } = options
  const api = new Hono()

  api.use(async (context, next) => {
    await next()
    context.header('X-Content-Type-Options', 'nosniff')
    context.header('Cross-Origin-Resource-Policy', 'same-origin')
    context.header('Cache-Control', 'no-store')
  })

  const requireRun = (id: string): NonNullable<ReturnType<Store['index']['readRun']>> => {
    const run = store.index.readRun(id, options.namespace)
    if (run !== undefined) return run
    throw new ApiError(404, 'no_such_run', `no run ${id}`, { nearest: store.index.nearestRunIds(id, NEAREST) })
  }

  api.get('/healthz', (context) => context.json({ schema: 'reprise.health/1', status: 'ok' }))
  api.get('/readyz', (context) => {
    const problems = options.problems()
    const body = { schema: 'reprise.ready/1', ready: problems.length === 0, problems, stats: options.stats() }
    return context.json(body, problems.length === 0 ? 200 : 503)
  })
  api.get('/api/v1/version', (context) =>
    context.json({
      schema: 'reprise.version/1',
      name: 'reprise',
      version: VERSION,
      ...(options.tellFolder && { store: options.storeFolder }),
    }),
  )
  api.get('/api/v1/runs', (context) => {
    const { q, ...query } = runsQueryOf(new URL(context.req.url).searchParams)
    const page = store.index.listRuns({ ...query, namespace: options.namespace, ...(q !== undefined && { nameContains: q }) })
    return context.json({ schema: 'reprise.run-list/1', ...page })
  })
  api.get('/api/v1/runs/:id', (context) => context.json(requireRun(runIdOf(context.req.param('id')))))
  api.get('/api/v1/runs/:id/steps', async (context) => {
    const id = runIdOf(context.req.param('id'))
    const query = pageQueryOf(new URL(context.req.url).searchParams)
    requireRun(id)
    return context.json({ schema: 'reprise.step-list/1', ...(await readSteps(store, id, query, options.namespace)) })
  })
  api.get('/api/v1/artifacts/:digest', (context) => {
    const digest = context.req.param('digest')
    if (!isDigest(digest)) throw new ApiError(400, 'invalid_argument', 'digest: expected sha256: and 64 lowercase hex digits')
    const info = store.blobs.info(digest)
    if (info === undefined) throw new ApiError(404, 'artifact_missing', `no artifact ${digest}`)
    const bytes = store.blobs.read(digest)
    // Always a download: a stored page or image must never run or render on this origin.
    return context.body(new Uint8Array(bytes), 200, {
      'Content-Type': info.mediaType,
      'Content-Length': String(bytes.length),
      'Content-Disposition': `attachment; filename="${digest.replace(':', '-')}"`,
      'Content-Security-Policy': "default-src 'none'; sandbox",
    })
  })

  api.notFound((context) => context.json(errorBody(new ApiError(404, 'not_found', 'there is nothing at this path')), 404))
  api.onError((error, context) => {
    const answer = apiErrorOf(error)
    if (answer.status === 500) log.warn('api-failed', { code: answer.code })
    return context.json(errorBody(answer), answer.status)
  })
  return api
}
