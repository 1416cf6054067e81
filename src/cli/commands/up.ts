import { once } from 'node:events'
import { type Collector, startCollector } from '../../collector/index.ts'
import { parsePolicy } from '../../redaction/policies/schema.ts'
import { RepriseError } from '../../schemas/index.ts'
import { readPolicyFile } from '../../sdk/spool/index.ts'
import { EXIT } from '../exit-codes.ts'
import { readForwardHeaders } from '../forward-headers.ts'
import { tuneGc } from '../gc-tuning.ts'
import type { Settings } from '../settings.ts'
import { shellWord } from '../shell-word.ts'
import { paint, type Terminal, writeLine } from '../terminal.ts'
import { VERSION } from '../version.ts'

export async function startFromSettings(
  settings: Settings,
  terminal: Terminal,
  port: number = settings.values.port,
  grpcPort?: number,
): Promise<Collector> {
  const {
    quarantineKey,
    quarantineMaxBytes,
    host,
    workers,
    namespace,
    redactionPolicy,
    forward,
    bodyMaxBytes,
    decodedMaxBytes,
    attributeMaxCount,
    depthMax,
    batchWaitMillis,
    spoolFolder,
  } = settings.values
  return await startCollector({
    store: settings.storeFolder,
    ...(spoolFolder !== undefined && { spoolFolder }),
    host,
    port,
    ...(grpcPort !== undefined && { grpcPort }),
    ...(workers !== undefined && { workers }),
    namespace,
    ...(quarantineKey !== undefined && { quarantineKey }),
    quarantineMaxBytes,
    ...(redactionPolicy !== undefined && { redactionPolicy: readPolicyFile(redactionPolicy, terminal.cwd, parsePolicy) }),
    forward,
    forwardHeaders: readForwardHeaders(settings),
    bodyMaxBytes,
    decodedMaxBytes,
    attributeMaxCount,
    depthMax,
    batchWaitMillis,
    log: (line) => {
      if (!settings.quiet) writeLine(terminal.stderr, line)
    },
  })
}

/** Waits for SIGINT or SIGTERM; a second one ends the process at once, by its default action. */
async function stopSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  const waiting = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'] as const
  try {
    return await Promise.race(
      signals.map(async (signal) => {
        await once(process, signal, { signal: waiting.signal })
        return signal
      }),
    )
  } finally {
    waiting.abort()
  }
}

/** Serves until interrupted. Exit code 0 after SIGTERM, 130 after SIGINT. */
export async function serveUntilStopped(collector: Collector, terminal: Terminal, quiet: boolean): Promise<number> {
  const signal = await stopSignal()
  if (!quiet) writeLine(terminal.stderr, 'stopping: finishing what was received')
  await collector.close()
  return signal === 'SIGINT' ? EXIT.interrupted : EXIT.ok
}

/** With gRPC where its port is free, unless somebody asked for that port: then it is an error that it is taken. */
async function startWithGrpc(settings: Settings, terminal: Terminal): Promise<{ collector: Collector; grpc: string | undefined }> {
  const { host, port, grpcPort } = settings.values
  const start = async (wanted: number | undefined): Promise<{ collector: Collector; grpc: string | undefined }> => {
    const collector = await startFromSettings(settings, terminal, port, wanted)
    const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    return { collector, grpc: collector.grpcPort === undefined ? undefined : `http://${name}:${collector.grpcPort}` }
  }
  if (grpcPort === 'off') return await start(undefined)
  try {
    return await start(grpcPort)
  } catch (error) {
    const taken = RepriseError.isInstance(error) && error.code === 'port_in_use' && error.details?.['key'] === 'grpcPort'
    if (!taken || settings.origins.grpcPort.from !== 'default') throw error
    if (!settings.quiet) writeLine(terminal.stderr, `port ${grpcPort} is taken: no gRPC (--grpc-port 0 takes a free one)`)
    return await start(undefined)
  }
}

export async function up(settings: Settings, terminal: Terminal): Promise<number> {
  const { collector, grpc } = await startWithGrpc(settings, terminal)
  if (settings.json) {
    writeLine(
      terminal.stdout,
      JSON.stringify({
        schema: 'reprise.up/1',
        url: collector.url,
        ...(grpc !== undefined && { grpc }),
        store: settings.storeFolder,
        pid: process.pid,
      }),
    )
  } else {
    writeLine(terminal.stdout, collector.url)
  }
  if (!settings.quiet) {
    const say = (line: string): void => writeLine(terminal.stderr, line)
    const name = (text: string): string => paint(terminal.colorErr, 'dim', text.padEnd(10))
    say(`${paint(terminal.colorErr, 'bold', `reprise ${VERSION}`)} · store ${settings.storeFolder} · everything stays on this machine`)
    say(`${name('receives')}OTLP over HTTP, protobuf and JSON: ${collector.url}/v1/traces, /v1/logs`)
    if (grpc !== undefined) say(`${name('')}OTLP over gRPC: ${grpc}`)
    else say(`${name('senders')}that default to gRPC need OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`)
    for (const url of settings.values.forward) say(`${name('forwards')}to ${new URL(url).origin}`)
    say(`${name('look')}reprise runs --store ${shellWord(settings.storeFolder)}   (Ctrl-C stops)`)
  }
  const endTuning = tuneGc(collector)
  try {
    return await serveUntilStopped(collector, terminal, settings.quiet)
  } finally {
    endTuning()
  }
}
