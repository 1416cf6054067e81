import { Worker } from 'node:worker_threads'
import { reasonOf } from './reprise-way.ts'

/** How it ended: all bodies answered, not a Reprise collector, nobody there or the connection broke, or out of time. */
export type ExitSendEnd = 'answered' | 'not reprise' | 'unreachable' | 'timeout'

export interface ExitSendResult {
  readonly end: ExitSendEnd
  /** For each body: acknowledged, refused for good, or neither. */
  readonly bodies: readonly ('acknowledged' | 'refused' | 'open')[]
  /** What kept it from sending; empty where nothing did, or the time was over. */
  readonly reason: string
}

const REASON_MAX_BYTES = 300
const ENDS: readonly ExitSendEnd[] = ['timeout', 'answered', 'not reprise', 'unreachable']
const BODY_STATES = ['open', 'acknowledged', 'refused'] as const

/**
 * Sends bodies while the process exits, when no asynchronous work is done any more: a worker sends, this thread waits. Text
 * rather than a module of its own, so that a bundled program finds it. A collector that asks to be tried again later is,
 * until the time is over.
 */
const WORKER = `
const { workerData } = require('node:worker_threads')
const { endpoint, headers, bodies, greet, state, reason } = workerData
const base = new URL(endpoint)
const { request } = require(base.protocol === 'https:' ? 'node:https' : 'node:http')
const cells = new Int32Array(state)
const done = (end) => { Atomics.store(cells, 0, end); Atomics.notify(cells, 0) }
const ask = (method, path, body, more) => new Promise((resolve, reject) => {
  const url = new URL(base.pathname.replace(/\\/+$/, '') + path, base)
  const sent = request(url, { method, headers: { ...headers, ...more } }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk) => { if (text.length < 65536) text += chunk }).on('end', () => resolve({ status: response.statusCode, text }))
    response.on('error', reject)
  })
  sent.on('error', reject)
  sent.end(body)
})
const send = async () => {
  if (greet) {
    const { status, text } = await ask('GET', '/api/v1/version')
    let name
    try { name = JSON.parse(text).name } catch {}
    if (status !== 200 || name !== 'reprise') return 2
  }
  for (let index = 0; index < bodies.length; index++) {
    const body = bodies[index]
    for (let wait = 50; ; wait = Math.min(wait * 2, 400)) {
      const { status } = await ask('POST', '/v1/traces', body, { 'content-type': 'application/x-protobuf', 'content-length': body.length })
      if (status === 429 || status === 502 || status === 503 || status === 504) {
        await new Promise((resolve) => setTimeout(resolve, wait))
        continue
      }
      Atomics.store(cells, 1 + index, status >= 200 && status < 300 ? 1 : 2)
      break
    }
  }
  return 1
}
send().then(done, (error) => {
  const text = error.code === 'ECONNREFUSED' ? 'connection refused' : error.message || String(error.code)
  Buffer.from(text).copy(Buffer.from(reason))
  done(3)
})
`

export interface ExitSend {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly bodies: readonly Uint8Array[]
  /** Ask first who is there. */
  readonly greet: boolean
  readonly timeoutMillis: number
}

/** Blocks the thread until every body is answered, at most for `timeoutMillis`. */
export function sendAtExit({ timeoutMillis, headers, ...send }: ExitSend): ExitSendResult {
  const state = new SharedArrayBuffer(4 * (1 + send.bodies.length))
  const cells = new Int32Array(state)
  const reason = new SharedArrayBuffer(REASON_MAX_BYTES)
  const result = (): ExitSendResult => ({
    end: ENDS[Atomics.load(cells, 0)] ?? 'timeout',
    bodies: send.bodies.map((_, index) => BODY_STATES[Atomics.load(cells, 1 + index)] ?? 'open'),
    reason: Buffer.from(reason).toString().replace(/\0+$/, ''),
  })
  try {
    const worker = new Worker(WORKER, {
      eval: true,
      execArgv: [],
      env: {},
      workerData: { ...send, headers: { ...headers }, state, reason },
    })
    // Nobody is left to hear of it.
    worker.on('error', () => {})
  } catch (error) {
    // A thread that is ending itself gets none, nor does who is not permitted one.
    return { ...result(), end: 'unreachable', reason: `no thread to send with: ${reasonOf(error)}` }
  }
  Atomics.wait(cells, 0, 0, timeoutMillis)
  return result()
}
