import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Collector, type CollectorOptions, startCollector } from '../../src/collector/index.ts'
import { decodeTraces, type WireSpan } from '../../src/otlp/index.ts'
import { type SpanRecord, spanRecordSchema } from '../../src/schemas/public.ts'
import { openStore } from '../../src/store/index.ts'

/** Collectors, servers and folders of one test file, taken down together. */
export class Bench {
  readonly #folders: string[] = []
  readonly #closers: (() => Promise<unknown>)[] = []
  readonly log: string[] = []
  readonly #options: Partial<CollectorOptions>

  constructor(options: Partial<CollectorOptions> = {}) {
    this.#options = options
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-collector-'))
    this.#folders.push(folder)
    return folder
  }

  async collector(options: Partial<CollectorOptions> = {}): Promise<Collector> {
    const own = { store: join(this.folder(), 'store'), port: 0, log: (line: string) => this.log.push(line) }
    const collector = await startCollector({ ...own, ...this.#options, ...options })
    this.#closers.push(async () => await collector.close())
    return collector
  }

  async backend(
    handle: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void,
  ): Promise<{ url: string; server: Server }> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => handle(request, Buffer.concat(chunks), response))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#closers.push(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
  }

  async tearDown(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true })
    this.log.length = 0
  }
}

/** For collectors of which another part is tested: a thread takes longer to start than most tests. Others send the same through threads. */
export const NO_THREADS: Partial<CollectorOptions> = { workers: 0 }

export const PROTOBUF = { 'content-type': 'application/x-protobuf' }
export const JSON_TYPE = { 'content-type': 'application/json' }

export async function post(collector: Collector, body: Uint8Array | string, headers: Record<string, string> = PROTOBUF): Promise<Response> {
  return await fetch(`${collector.url}/v1/traces`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })
}

export async function getJson(collector: Collector, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${collector.url}${path}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Everything on the tape of a collector that is closed, each span validated. */
export async function readTape(folder: string): Promise<{ spans: SpanRecord[]; lines: string[] }> {
  const store = await openStore(folder, { mode: 'read' })
  try {
    const lines: string[] = []
    for await (const group of store.tape.readGroups(0)) lines.push(...group.lines)
    const spans = lines
      .map((line) => JSON.parse(line) as { core: { schema: string } })
      .filter((record) => record.core.schema === 'reprise.span/1')
      .map((record) => spanRecordSchema.parse(record))
    return { spans, lines }
  } finally {
    await store.close()
  }
}

export async function readArtifact(folder: string, digest: SpanRecord['refs'][number]['digest']): Promise<string> {
  const store = await openStore(folder, { mode: 'read' })
  try {
    return store.blobs.read(digest).toString('utf8')
  } finally {
    await store.close()
  }
}

/** Sends bytes as they are and gives back what comes until the other side closes, that is enough, or the time is over. */
export async function rawExchange(
  collector: Collector,
  parts: readonly (string | Uint8Array)[],
  options: { pauseMillis?: number; limitMillis?: number; enough?: RegExp } = {},
): Promise<string> {
  const socket = connect(collector.port, collector.host)
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk
    if (options.enough?.test(answer) === true) socket.destroy()
  })
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => resolve()))
  await new Promise<void>((resolve) => socket.on('connect', () => resolve()))
  for (const part of parts) {
    if (!socket.writable) break
    socket.write(part)
    if (options.pauseMillis !== undefined) await new Promise((resolve) => setTimeout(resolve, options.pauseMillis))
  }
  const timer = setTimeout(() => socket.destroy(), options.limitMillis ?? 5_000)
  await closed
  clearTimeout(timer)
  return answer
}

export function allFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

/** Files in which the text stands, as it is or in base64 at any of its three offsets, or in hex. */
export function filesWith(folder: string, text: string): string[] {
  const bytes = Buffer.from(text)
  const forms = [bytes, Buffer.from(bytes.toString('hex'))]
  for (let shift = 0; shift < 3; shift++) {
    const base64 = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    // Characters at both ends mix with their neighbours.
    forms.push(Buffer.from(base64.slice(4, -4)))
  }
  return allFiles(folder).filter((path) => {
    const content = readFileSync(path)
    return forms.some((form) => content.includes(form))
  })
}

export function spansIn(body: Uint8Array): WireSpan[] {
  return decodeTraces(body, 'protobuf').resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans))
}

export async function until(what: string, done: () => boolean | Promise<boolean>, limitMillis = 10_000): Promise<void> {
  const end = Date.now() + limitMillis
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`waited too long for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
