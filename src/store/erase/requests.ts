import { randomBytes } from 'node:crypto'
import { lstatSync, readFileSync, renameSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ERROR_CODES, isDigest, parseJson, RepriseError } from '../../schemas/index.ts'
import { makeFolder, namesIn, removeFile, replaceFile, systemCodeOf } from '../files/durable.ts'
import { layoutOf } from '../files/layout.ts'
import { inspectStore } from '../inspect-store.ts'
import type { ErasureReceipt } from './erase-store.ts'
import type { EraseSelection } from './select-refs.ts'

// A store has one writer. Who wants something erased while a collector writes leaves a request in the store's folder, which only
// its owner can write to; the collector does it and leaves an answer. A request that is never answered is done by the next one.

/** A request for an erasure that waits in a store. */
export interface ErasureRequest {
  readonly id: string
  readonly selection: EraseSelection
}

export type ErasureAnswer = { readonly receipt: ErasureReceipt } | { readonly error: { readonly code: string; readonly message: string } }

const REQUEST = /^([0-9a-f]{32})\.(?:request|taken)$/
const REQUEST_MAX_BYTES = 1024 * 1024
const REQUESTS_MAX = 100
const POLL_MILLIS = 50
/** How often it is looked whether the writer is still there. */
const LOOK_MILLIS = 1_000
/** A collector looks for requests twice a second; one of an earlier version never does. */
const TAKEN_MAX_MILLIS = 10_000
const ANSWER_KEPT_MILLIS = 3_600_000

const fileOf = (dir: string, id: string, state: 'request' | 'taken' | 'answer'): string =>
  join(layoutOf(resolve(dir)).requests, `${id}.${state}`)

/**
 * Asks the collector that writes to a store to erase, and waits until it has. Undefined when it has gone, or takes no requests: then
 * none waits any more, unless it was under way. A request that is not taken within `takenMaxMillis` is taken back.
 *
 * @throws RepriseError what the collector says, with its code
 */
export async function askForErasure(
  dir: string,
  selection: EraseSelection,
  takenMaxMillis: number = TAKEN_MAX_MILLIS,
): Promise<ErasureReceipt | undefined> {
  const id = randomBytes(16).toString('hex')
  makeFolder(layoutOf(resolve(dir)).requests)
  replaceFile(fileOf(dir, id, 'request'), `${JSON.stringify(selection)}\n`)
  const started = performance.now()
  for (let looked = started; ; await sleep(POLL_MILLIS)) {
    const answer = readAnswer(fileOf(dir, id, 'answer'))
    if (answer !== undefined) {
      removeFile(fileOf(dir, id, 'answer'))
      if ('receipt' in answer) return answer.receipt
      const { code, message } = answer.error
      throw new RepriseError(ERROR_CODES.find((known) => known === code) ?? 'internal', message)
    }
    const now = performance.now()
    const waits = isThere(fileOf(dir, id, 'request'))
    if (now - looked >= LOOK_MILLIS) {
      looked = now
      // One that is under way for somebody else ends first.
      const isIgnored = waits && now - started > takenMaxMillis && !isBusy(dir)
      if (inspectStore(dir).writer !== undefined && !isIgnored) continue
      removeFile(fileOf(dir, id, 'request'))
      removeFile(fileOf(dir, id, 'taken'))
      return undefined
    }
  }
}

/** Requests that wait, those first that were taken before and not answered. Files that are none are removed. For who writes. */
export function takeErasureRequests(dir: string): ErasureRequest[] {
  const { requests } = layoutOf(resolve(dir))
  const found: ErasureRequest[] = []
  for (const name of namesIn(requests).sort().slice(0, REQUESTS_MAX)) {
    const id = REQUEST.exec(name)?.[1]
    if (id === undefined) {
      if (isOld(join(requests, name))) removeFile(join(requests, name))
      continue
    }
    const selection = readSelection(join(requests, name))
    if (selection === undefined) {
      removeFile(join(requests, name))
      continue
    }
    renameSync(join(requests, name), fileOf(dir, id, 'taken'))
    found.push({ id, selection })
  }
  return found
}

export function answerErasure(dir: string, id: string, answer: ErasureAnswer): void {
  replaceFile(fileOf(dir, id, 'answer'), `${JSON.stringify(answer)}\n`)
  removeFile(fileOf(dir, id, 'taken'))
}

function isBusy(dir: string): boolean {
  return namesIn(layoutOf(resolve(dir)).requests).some((name) => name.endsWith('.taken'))
}

/** An answer that nobody waited for. */
function isOld(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs > ANSWER_KEPT_MILLIS
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Undefined where it is no request of whoever the store belongs to. */
function readSelection(path: string): EraseSelection | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile() || stat.size > REQUEST_MAX_BYTES) return undefined
  if (process.getuid !== undefined && stat.uid !== process.getuid()) return undefined
  try {
    const value: unknown = parseJson(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null) return undefined
    const { runId, digests, everywhere } = value as Record<string, unknown>
    const isRun = typeof runId === 'string' && /^[0-9a-f]{32}$/.test(runId)
    const isList = Array.isArray(digests) && digests.length > 0 && digests.every((digest) => typeof digest === 'string' && isDigest(digest))
    if ((runId !== undefined && !isRun) || (digests !== undefined && !isList) || (!isRun && !isList)) return undefined
    return { ...(isRun && { runId }), ...(isList && { digests }), ...(everywhere === true && { everywhere }) }
  } catch {
    return undefined
  }
}

function readAnswer(path: string): ErasureAnswer | undefined {
  try {
    return parseJson(readFileSync(path, 'utf8')) as ErasureAnswer
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
