import { beforeAll, expect, it } from 'vitest'
import { formatVerdict, type Recording, replay } from '../../../src/replay/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { recordingOf, recordWire } from './record-wire.ts'
import type { WebServer } from './web-server.ts'

type Program = () => Promise<unknown>

interface WebPrograms {
  /** Runs one while it is recorded. */
  readonly run?: (name: string, program: Program) => Promise<unknown>
  /** Lets go of the connections to the server, before it ends. */
  readonly release?: () => Promise<unknown> | unknown
}

export interface RecordedPrograms {
  readonly all: ReadonlyMap<string, Recording>
  of(name: string): Recording
}

/** Records each program once; then, in tests of their own, replays it twice with the server gone. To be called within `describe`. */
export function replayWithoutServer(
  programs: Readonly<Record<string, Program>>,
  server: WebServer,
  { run = async (_name, program) => await program(), release = () => {} }: WebPrograms = {},
): RecordedPrograms {
  let recordings: ReadonlyMap<string, Recording> = new Map()
  let sent = 0
  beforeAll(async () => {
    recordings = await recordWire(async () => {
      for (const [name, program] of Object.entries(programs)) await run(name, program)
    })
    sent = server.requests.length
    await release()
    await server.close()
  })
  it.for(Object.entries(programs))('%s', async ([name, program]) => {
    for (let round = 0; round < 2; round++) expectExact(await replay(recordingOf(recordings, name), program))
    expect(server.requests.length).toBe(sent)
  })
  return {
    get all() {
      return recordings
    },
    of: (name) => recordingOf(recordings, name),
  }
}

/** A program that asks for something else than was recorded: that is one unmatched call, and no socket. */
export async function expectUnmatched(recording: Recording, ask: Program): Promise<void> {
  const verdict = await replay(recording, instrument(ask, { name: recording.manifest.name }))
  expect(verdict.label, formatVerdict(verdict)).toBe('diverged')
  const exchanges = recording.nodes.filter(({ record }) => record.core.kind === 'wire').length
  expect(verdict.counts).toMatchObject({ unmatched: 1, unused: exchanges, socketsDenied: 0 })
}

/** What came of an attempt, as far as a program can tell. */
export async function told(attempt: Program): Promise<unknown> {
  try {
    return await attempt()
  } catch (error) {
    const { name, message, code, cause } = error as NodeJS.ErrnoException
    const { code: causeCode } = (cause ?? {}) as { code?: string }
    return ['failed', name, message, code, causeCode, error instanceof TypeError, error instanceof DOMException]
  }
}
