import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TapeReader } from '../../store/index.ts'
import { ApiError } from '../http/api-error.ts'
import { LIVE_PARAMETERS, readParameters } from '../http/api-parameters.ts'
import { liveEventOf } from './live-event.ts'

export interface LiveOptions {
  readonly tape: TapeReader
  readonly namespace: string
}

const READERS_MAX = 64
/** A feed that is further behind skips to the present, and says so. */
const BACKLOG_MAX_GROUPS = 512
/** Groups that come close together are read in one go. */
const GATHER_MILLIS = 20
/** The event loop is held no longer at a time. */
const SLICE_MILLIS = 4
const HEARTBEAT_MILLIS = 15_000
/** What may wait in a reader's connection before it counts as slow. */
const READER_MAX_BYTES = 1024 * 1024

/** With this much waiting, a reader that is not slow is given a turn to take it. */
const BREATH_BYTES = 64 * 1024

interface Reader {
  readonly response: ServerResponse
  readonly run: string | undefined
  /** Records left out since it became slow. */
  missed: number
}

/**
 * Records as they become durable, for any number of readers. Nobody waits for a reader: what does not fit into the
 * connection of a slow one is left out for it, and it is told how much that was.
 */
export class LiveFeed {
  readonly #options: LiveOptions
  readonly #readers = new Set<Reader>()
  readonly #stop: () => void
  readonly #heartbeat: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #pumping: Promise<void> | undefined
  #next = 0
  #closed = false

  constructor(options: LiveOptions) {
    this.#options = options
    this.#stop = options.tape.onCommit(() => this.#schedule())
    this.#heartbeat = setInterval(() => {
      for (const { response } of this.#readers) if (!response.writableNeedDrain) response.write(': still here\n\n')
    }, HEARTBEAT_MILLIS).unref()
  }

  /** How many read. */
  get readers(): number {
    return this.#readers.size
  }

  /** Answers a request with the feed. Throws `ApiError`. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    const query = readParameters(LIVE_PARAMETERS, new URL(request.url ?? '/', 'http://localhost').searchParams)
    if (this.#closed) throw new ApiError(503, 'store_closed', 'the collector is closing')
    if (this.#readers.size >= READERS_MAX) throw new ApiError(503, 'limit_exceeded', `${READERS_MAX} readers follow already`)
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
      // For proxies that would gather the stream.
      'X-Accel-Buffering': 'no',
    })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    const head = this.#options.tape.head().group
    if (this.#readers.size === 0 && this.#pumping === undefined) this.#next = head + 1
    const reader: Reader = { response, run: query.run, missed: 0 }
    const leave = (): void => void this.#readers.delete(reader)
    response.on('close', leave).on('error', leave)
    // It has taken all that it was sent; nothing else may come for long.
    response.on('drain', () => tellMissed(reader))
    response.write('retry: 1000\n\n')
    const [last, group, line] = /^([0-9]{1,10})-([0-9]{1,7})$/.exec(String(request.headers['last-event-id'] ?? '')) ?? []
    // The connection may have ended in the middle of a group.
    void this.#join(reader, last === undefined ? { group: head + 1, line: 0 } : { group: Number(group), line: Number(line) + 1 })
  }

  /** Sends what a reader missed while it was away, as far as that is not too much, and lets it follow. */
  async #join(reader: Reader, from: { readonly group: number; readonly line: number }): Promise<void> {
    let next = from.group
    if (this.#next - next > BACKLOG_MAX_GROUPS) {
      lag(reader, { records: 0, groups: this.#next - next })
      next = this.#next
    }
    for (; next < this.#next && !reader.response.destroyed; next++)
      await this.#sendGroup(next, [reader], next === from.group ? from.line : 0)
    if (!reader.response.destroyed && !this.#closed) this.#readers.add(reader)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#readers.size === 0 || this.#closed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#pumping ??= this.#pump().finally(() => {
        this.#pumping = undefined
        if (this.#next <= this.#options.tape.head().group) this.#schedule()
      })
    }, GATHER_MILLIS)
  }

  async #pump(): Promise<void> {
    while (this.#readers.size > 0 && !this.#closed) {
      const head = this.#options.tape.head().group
      if (this.#next > head) return
      if (head - this.#next > BACKLOG_MAX_GROUPS) {
        const groups = head - this.#next
        this.#next = head
        for (const reader of this.#readers) lag(reader, { records: 0, groups })
      }
      // Moved first: who joins while the group is being sent reads it itself.
      const group = this.#next++
      await this.#sendGroup(group, [...this.#readers])
    }
  }

  async #sendGroup(group: number, readers: readonly Reader[], fromLine = 0): Promise<void> {
    const lines = await this.#linesOf(group)
    let started = performance.now()
    for (const [line, text] of lines.entries()) {
      if (line < fromLine) continue
      const event = liveEventOf(text)
      if (event !== undefined && event.namespace === this.#options.namespace) {
        const message = `event: ${event.type}\nid: ${group}-${line}\ndata: ${JSON.stringify(event)}\n\n`
        for (const reader of readers) if (reader.run === undefined || reader.run === event.runId) send(reader, message)
      }
      if (
        line % 16 === 15 &&
        (performance.now() - started > SLICE_MILLIS || readers.some(({ response }) => response.writableLength > BREATH_BYTES))
      ) {
        await nextTurn()
        started = performance.now()
      }
    }
  }

  async #linesOf(group: number): Promise<readonly string[]> {
    try {
      for await (const found of this.#options.tape.readGroups(group)) return found.group === group ? found.lines : []
    } catch {
      // A damaged group: `reprise verify` names it, and a gap record counts what it held.
    }
    return []
  }

  /** Ends every reader's stream. */
  close(): void {
    this.#closed = true
    this.#stop()
    clearInterval(this.#heartbeat)
    clearTimeout(this.#timer)
    for (const { response } of this.#readers) response.end()
    this.#readers.clear()
  }
}

function send(reader: Reader, message: string): void {
  const { response } = reader
  if (response.destroyed) return
  if (response.writableLength > READER_MAX_BYTES) {
    reader.missed++
    return
  }
  tellMissed(reader)
  response.write(message)
}

function tellMissed(reader: Reader): void {
  if (reader.missed === 0 || reader.response.destroyed) return
  lag(reader, { records: reader.missed, groups: 0 })
  reader.missed = 0
}

function lag({ response }: Reader, missed: { readonly records: number; readonly groups: number }): void {
  response.write(`event: lagged\ndata: ${JSON.stringify({ schema: 'reprise.live-lagged/1', ...missed })}\n\n`)
}
