import { describe, expect, it } from 'vitest'
import { replay } from '../../../src/replay/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { recordingOf, recordWire } from './record-wire.ts'

describe('fetch of what is not on the network', () => {
  it('is denied no socket, and the clocks that fetch reads for it are not recorded', async () => {
    let asksFirst = true
    // As clients do that find out once what fetch can do.
    const program = instrument(async function program() {
      if (asksFirst) await (await fetch('data:,')).arrayBuffer()
      return await fetch('no address').catch((error: Error) => error.message)
    })
    const recordings = await recordWire(async () => expect(await program()).toContain('no address'))
    expectExact(await replay(recordingOf(recordings, 'program'), program))
    asksFirst = false
    expectExact(await replay(recordingOf(recordings, 'program'), program))
  })
})
