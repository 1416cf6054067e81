import { Worker } from 'node:worker_threads'

export type ExitSendResult = 'sent' | 'not reprise' | 'unreachable' | 'refused' | 'timeout'

const RESULTS: readonly ExitSendResult[] = ['timeout', 'sent', 'not reprise', 'unreachable', 'refused']

/**
 * Sends bodies while the process exits, when no asynchronous work is done any more: a worker sends, this thread waits. Text
 * rather than a module of its own, so that a bundled program finds it.
 */
const WORKER = `
const { workerData } = require('node:worker_threads')
const { endpoint, headers, bodies, greet, state } = workerData
const base = new URL(endpoint)
const { request } = require(base.protocol === 'https:' ? 'node:https' : 'node:http')
const done = (result) => { const cells = new Int32Array(state); Atomics.store(cells, 0, result); Atomics.notify(cells, 0) }
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
  for (const body of bodies) {
    const { status } = await ask('POST', '/v1/traces', body, { 'content-type': 'application/x-protobuf', 'content-length': body.length })
    if (status < 200 || status > 299) return 4
  }
  return 1
}
send().then(done, () => done(3))
`

export interface ExitSend {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly bodies: readonly Uint8Array[]
  /** Ask first who is there. */
  readonly greet: boolean
  readonly timeoutMillis: number
}

/** Blocks the thread until the bodies are acknowledged, at most for `timeoutMillis`. */
export function sendAtExit({ timeoutMillis, headers, ...send }: ExitSend): ExitSendResult {
  const state = new SharedArrayBuffer(4)
  const worker = new Worker(WORKER, { eval: true, execArgv: [], env: {}, workerData: { ...send, headers: { ...headers }, state } })
  // Nobody is left to hear of it.
  worker.on('error', () => {})
  const cells = new Int32Array(state)
  Atomics.wait(cells, 0, 0, timeoutMillis)
  return RESULTS[Atomics.load(cells, 0)] ?? 'timeout'
}
