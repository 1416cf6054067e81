import { type Context, Hono } from 'hono'
import type { Store } from '../../store/index.ts'
import type { CollectorStats } from '../counters.ts'
import type { Logger } from '../log.ts'
import { VERSION } from '../version.ts'
import { ApiError, apiErrorOf, errorBody } from './api-error.ts'
import { readPage } from './api-pages.ts'
import { readParameters } from './api-parameters.ts'
import { logsQueryOf, runsQueryOf, stepsQueryOf } from './api-query.ts'
import { answerArtifact } from './artifacts.ts'

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
const SPAN_ID = /^[0-9a-f]{16}$/
const NEAREST = 5

function runIdOf(text: string): string {
  if (!RUN_ID.test(text)) throw new ApiError(400, 'invalid_argument', 'run id: expected 32 lowercase hex digits')
  return text
}

function queryOf(context: Context): URLSearchParams {
  return new URL(context.req.url).searchParams
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
  let openApi: Promise<string> | undefined
  api.get('/api/v1/openapi.json', async (context) => {
    // Loads zod, for whoever asks.
    openApi ??= import('../openapi/document.ts').then(({ openApiDocument }) => JSON.stringify(openApiDocument()))
    return context.body(await openApi, 200, { 'Content-Type': 'application/json' })
  })
  api.get('/api/v1/runs', async (context) => {
    const query = runsQueryOf(queryOf(context))
    const { items, next } = await readPage(query, (piece) => {
      const page = store.index.listRuns({ ...query, ...piece, namespace: options.namespace })
      return { items: page.runs, next: page.next }
    })
    return context.json({ schema: 'reprise.run-list/1', runs: items, ...(next !== undefined && { next }) })
  })
  api.get('/api/v1/runs/:id', (context) => {
    const id = runIdOf(context.req.param('id'))
    readParameters({}, queryOf(context))
    return context.json(requireRun(id))
  })
  api.get('/api/v1/runs/:id/steps', async (context) => {
    const id = runIdOf(context.req.param('id'))
    const query = stepsQueryOf(queryOf(context))
    requireRun(id)
    const { items, next } = await readPage(query, (piece) => {
      const page = store.index.listSteps(id, { ...query, ...piece, namespace: options.namespace })
      return { items: page.steps, next: page.next }
    })
    return context.json({ schema: 'reprise.step-list/1', steps: items, ...(next !== undefined && { next }) })
  })
  api.get('/api/v1/runs/:id/steps/:span', (context) => {
    const id = runIdOf(context.req.param('id'))
    const spanId = context.req.param('span')
    if (!SPAN_ID.test(spanId)) throw new ApiError(400, 'invalid_argument', 'span id: expected 16 lowercase hex digits')
    readParameters({}, queryOf(context))
    requireRun(id)
    const step = store.index.readStep(id, spanId, options.namespace)
    if (step === undefined) throw new ApiError(404, 'not_found', `no step ${spanId} in run ${id}`)
    return context.json(step)
  })
  api.get('/api/v1/runs/:id/logs', async (context) => {
    const id = runIdOf(context.req.param('id'))
    const query = logsQueryOf(queryOf(context))
    requireRun(id)
    const { items, next } = await readPage(query, (piece) => {
      const page = store.index.listLogs(id, { ...query, ...piece, namespace: options.namespace })
      return { items: page.logs, next: page.next }
    })
    return context.json({ schema: 'reprise.log-list/1', logs: items, ...(next !== undefined && { next }) })
  })
  api.get('/api/v1/runs/:id/gaps', (context) => {
    const id = runIdOf(context.req.param('id'))
    readParameters({}, queryOf(context))
    requireRun(id)
    return context.json({ schema: 'reprise.run-gaps/1', ...store.index.readGaps(id, options.namespace) })
  })
  api.get('/api/v1/runs/:id/conflicts', (context) => {
    const id = runIdOf(context.req.param('id'))
    readParameters({}, queryOf(context))
    requireRun(id)
    return context.json({ schema: 'reprise.run-conflicts/1', conflicts: store.index.readConflicts(id, options.namespace) })
  })
  api.get('/api/v1/artifacts/:digest', async (context) => await answerArtifact(context, store.blobs, context.req.param('digest')))

  api.notFound((context) => context.json(errorBody(new ApiError(404, 'not_found', 'there is nothing at this path')), 404))
  api.onError((error, context) => {
    const answer = apiErrorOf(error)
    if (answer.status === 500) log.warn('api-failed', { code: answer.code })
    return context.json(errorBody(answer), answer.status)
  })
  return api
}
