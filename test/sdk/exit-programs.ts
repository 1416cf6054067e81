import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeTraces, type WireSpan } from '../../src/otlp/index.ts'
import { readFrames } from '../../src/sdk/spool/index.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const SDK_URL = new URL('../../src/sdk/index.ts', import.meta.url).href
/** What a program sees where Reprise is not there at all. */
const WITHOUT = `
export const instrument = (fn) => fn
export const tool = (fn) => fn
export const flush = async () => {}
`

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly millis: number
}

export interface ExitRunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Default: the Node that runs the test. */
  readonly node?: string
  /** Default true; false puts functions in its place that do nothing. */
  readonly reprise?: boolean
  readonly flags?: readonly string[]
  /** Sent to the program once it has written `ready`, or when `signalWhen` says so. */
  readonly signal?: NodeJS.Signals
  readonly signalWhen?: () => boolean
  readonly onSignal?: (child: ChildProcess) => void
}

/** A folder of one test, and the programs in it. */
export class ExitBench {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'reprise-exit-'))
  #programs = 0

  constructor() {
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'))
    writeFileSync(join(this.folder, 'without.mjs'), WITHOUT)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A folder for the store of a program, and so for its spool. */
  store(name: string): string {
    return join(this.folder, name)
  }

  async run(
    source: string,
    { env = {}, node = process.execPath, reprise = true, flags = [], signal, signalWhen, onSignal }: ExitRunOptions = {},
  ): Promise<ProcessEnd> {
    const file = join(this.folder, `program-${this.#programs++}.mjs`)
    writeFileSync(file, source.replaceAll(/(from |import\()'reprise'/g, `$1'${reprise ? SDK_URL : './without.mjs'}'`))
    const started = performance.now()
    const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...flags, file], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: join(tmpdir(), 'reprise-compile-cache'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const wasReady = stdout.includes('ready')
      stdout += text
      if (signal !== undefined && !wasReady && stdout.includes('ready')) child.kill(signal)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const watch = setInterval(() => {
      if (signal === undefined || signalWhen?.() !== true) return
      clearInterval(watch)
      child.kill(signal)
      onSignal?.(child)
    }, 10)
    return await new Promise((resolve, reject) => {
      child.once('close', () => clearInterval(watch))
      child.once('error', reject).once('close', (code, ended) => {
        resolve({ code, signal: ended, stdout, stderr, millis: performance.now() - started })
      })
    })
  }
}

/** The spans in the files of a spool that are ready to be taken. */
export function spooledSpans(store: string): WireSpan[] {
  return spooledBodies(store).flatMap((body) =>
    decodeTraces(body, 'protobuf').resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  )
}

export function spooledBodies(store: string): Uint8Array[] {
  const folder = join(store, 'spool')
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.spool'))
    .sort()
    .flatMap((name) => readFrames(readFileSync(join(folder, name))).frames.map(({ body }) => body))
}

/** A port that nobody listens on: taken, and given back. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Takes connections and does with them what it is told; by default nothing. */
export async function startRawServer(onSocket: (socket: Socket) => void = () => {}): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
