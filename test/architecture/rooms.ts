/**
 * The one table behind the layer test: which rooms there are in src/, and on which floor each stands. A room imports rooms of
 * lower floors alone, through their index.ts or a door named here; rooms on one floor do not know each other.
 * docs/architecture.md tells why.
 */
export type Room = {
  readonly floor: number
  /** No disk, no network, no processes, no threads: the same answer for the same input. */
  readonly pure?: true
  /** Packages that this room may only import when they are needed (`await import(…)`), or for their types. */
  readonly lazily?: readonly string[]
  /** May import modules whose name it computes; no check can follow those. */
  readonly computedImports?: true
  /** The only files of the room that may, each with the reason. */
  readonly computedIn?: Readonly<Record<string, string>>
  /** Files of the room besides index.ts through which it may be entered, each with the reason. */
  readonly doors?: Readonly<Record<string, string>>
  /** Nothing imports this room, so it need not have an index.ts. */
  readonly top?: true
}

export const ROOMS: Readonly<Record<string, Room>> = {
  schemas: {
    floor: 0,
    pure: true,
    doors: {
      'records/index.ts': 'the validators load zod, which no program should pay for that only writes records',
      'records/quick-check.ts': 'what is as it should be can be seen without the validators, which say what is wrong',
    },
  },
  otlp: { floor: 1, pure: true },
  redaction: {
    floor: 1,
    pure: true,
    doors: { 'policies/schema.ts': 'reading a policy loads zod, which no program should pay for that only redacts' },
  },
  'adapters/dialects': { floor: 1, pure: true },
  store: {
    floor: 2,
    doors: { 'quarantine/index.ts': 'threads that seal what they withhold load nothing else of the store for it' },
  },
  // An instrumented program pays for what the SDK loads at its start.
  sdk: {
    floor: 2,
    lazily: ['undici', '@opentelemetry/sdk-node', '@opentelemetry/exporter-trace-otlp-http'],
    doors: {
      'spool/index.ts': 'the collector takes in what programs left behind, and loads no recorder for it',
      'effects/index.ts': 'the clocks and timers that replay itself runs by are nothing that a program uses',
      'wire/index.ts': 'how an HTTP exchange is kept and answered is a matter of recorder and replay, not of a program',
    },
    computedIn: { 'spool/detector-modules.ts': 'a redaction policy names detectors of the user’s own by their modules' },
  },
  // Only who serves gRPC loads it.
  collector: { floor: 3, lazily: ['@grpc/grpc-js'] },
  replay: { floor: 3 },
  cli: { floor: 5, computedImports: true, top: true },
}

/** A room, and a folder that it stays apart from whatever their floors. */
export const NEVER: readonly { readonly room: string; readonly imports: string; readonly because: string }[] = [
  { room: 'sdk', imports: 'store', because: 'an instrumented program stays light' },
  { room: 'sdk', imports: 'collector', because: 'an instrumented program stays light' },
  { room: 'sdk', imports: 'schemas/records', because: 'an instrumented program does not load zod' },
]

/** The one file that may end the process. */
export const MAY_EXIT = 'cli/main.ts'

export const IMPURE_BUILTINS: readonly string[] = [
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'fs',
  'http',
  'http2',
  'https',
  'inspector',
  'net',
  'sqlite',
  'timers',
  'tls',
  'worker_threads',
]

export const MAX_LINES = 400
