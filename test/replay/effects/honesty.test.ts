import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { formatVerdict, loadRecording, replay } from '../../../src/replay/index.ts'
import type { Verdict } from '../../../src/schemas/index.ts'
import { real } from '../../../src/sdk/effects/index.ts'
import { agent, instrument, model, type RecorderOptions } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { recordPrograms } from '../record-programs.ts'

afterEach(() => vi.useRealTimers())

type Program = () => unknown

/** Records `recorded` and replays `edited`, by default the same. */
async function replayed(recorded: Program, edited: Program = recorded, options?: RecorderOptions): Promise<Verdict> {
  const folders = await recordPrograms(async () => await instrument(recorded, { name: 'program' })(), options)
  const recording = await loadRecording(folders.get('program') ?? '')
  return await replay(recording, instrument(edited, { name: 'program' }))
}

const chat = model(async (prompt: string) => `answer to ${prompt}`, { name: 'chat' })

describe('what the recording does not hold of time and chance', () => {
  it('is counted and makes its step unstable, when it may be a key', async () => {
    const drawer = agent(() => [randomBytes(8).length, crypto.getRandomValues(new Uint8Array(4)).length], { name: 'drawer' })
    const verdict = await replayed(() => [drawer(), Math.random()])
    expect(verdict.label).toBe('unstable')
    expect(verdict.output.equal).toBe(true)
    expect(verdict.effects?.unserved).toEqual([{ source: 'bytes', reads: 2 }])
    expect(verdict.steps.map(({ name, label }) => [name, label])).toEqual([
      ['program', 'exact'],
      ['drawer', 'unstable'],
    ])
    expect(formatVerdict(verdict)).toContain(
      "not recorded, so the machine's own: 2 bytes; the option effects (REPRISE_EFFECTS=all) records such",
    )
  })

  it('is random bytes too, where they were asked for', async () => {
    expectExact(
      await replayed(() => [randomBytes(8).toString('hex'), [...crypto.getRandomValues(new Uint16Array(4))]], undefined, {
        effects: 'all',
      }),
    )
  })

  it('is no bytes that a maker of ids drew for a hundred of them at once', async () => {
    const ids = (): string => randomBytes(128 * 21).toString('base64')
    expectExact(await replayed(ids, undefined, { effects: 'all' }))
    const verdict = await replayed(() => [randomBytes(16_385), randomBytes(2)].length, undefined, { effects: 'all' })
    expect(verdict.effects).toMatchObject({ served: 1, beyond: [{ source: 'bytes', reads: 1 }] })
  })

  it('is a source that was left out', async () => {
    const verdict = await replayed(() => [Math.random(), Date.now() > 0], undefined, { effects: ['random'] })
    expect(verdict.effects).toMatchObject({ recorded: ['random'], served: 1, unserved: [{ source: 'date', reads: 1 }] })
    expect(verdict.label).toBe('unstable')
  })

  it('is nothing that a verdict speaks of where nothing of it was recorded', async () => {
    const verdict = await replayed(() => Date.now() > 0, undefined, { effects: 'none' })
    expectExact(verdict)
    expect(verdict.effects).toBeUndefined()
  })

  it('is a read past the record: made up, and no other branch is shifted by it', async () => {
    const branch = (more: number) =>
      agent(
        async (name: string) => {
          for (let at = 0; at < (name === 'a' ? more : 0); at++) Math.random()
          return [name, await chat(name), Math.random()]
        },
        { name: 'branch' },
      )
    const program = (more: number) => async () => await Promise.all(['a', 'b'].map(branch(more)))
    const verdict = await replayed(program(0), program(1))
    expect(verdict.effects).toMatchObject({ served: 2, unused: 0, beyond: [{ source: 'random', reads: 1 }] })
    const [root, a, b] = verdict.steps.filter(({ kind }) => kind !== 'model')
    // The first read of `a` got the value that its last one had had; the made-up one changed its output.
    expect([root?.label, a?.label, b?.label]).toEqual(['diverged', 'diverged', 'exact'])
  })

  it('is not what the program reads once its outcome is known: how much of that there is depends on the machine', async () => {
    let late = 0
    const verdict = await replayed(
      () => 'done',
      () => {
        real.setImmediate(() => {
          late = Math.random()
        })
        return 'done'
      },
    )
    expect(late).toBeGreaterThan(0)
    expectExact(verdict)
    expect(verdict.effects?.beyond).toEqual([])
  })

  it('is not what modules of Node do with timers, which take them when they are loaded', async () => {
    const asks = async (): Promise<string> => {
      const http2 = process.getBuiltinModule('node:http2')
      const server = http2.createServer().on('stream', (stream) => stream.respond({ ':status': 200 }, { endStream: true }))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      await once(session.request({ ':path': '/' }), 'close')
      session.close()
      await once(session, 'close')
      server.close()
      return 'done'
    }
    const verdict = await replayed(asks, () => 'done')
    expectExact(verdict)
    expect(verdict.effects?.unused).toBe(0)
  })

  it('lets a loop that waits for the clock come to an end', async () => {
    const verdict = await replayed(
      () => Date.now() > 0,
      () => {
        const start = Date.now()
        let turns = 0
        while (Date.now() < start + 100) turns++
        return turns === 99
      },
    )
    expect(verdict.output.equal).toBe(true)
    expect(verdict.effects?.beyond).toEqual([{ source: 'date', reads: 100 }])
  })

  it('stops a loop that would not end', async () => {
    const verdict = await replayed(
      () => 1,
      () => {
        for (;;) Math.random()
      },
    )
    expect(verdict.label).toBe('diverged')
    expect(verdict.divergences[0]?.message).toContain('RepriseError')
  })

  it('is counted when it was too much to keep', async () => {
    const verdict = await replayed(() => {
      let sum = 0
      for (let at = 0; at < 16_384 + 5; at++) sum += Math.random() < 2 ? 1 : 0
      return sum
    })
    expect(verdict.effects).toMatchObject({ served: 16_384, beyond: [{ source: 'random', reads: 5 }] })
    expect(verdict.label).toBe('unstable')
  })
})

describe('what cannot be recorded, by name', () => {
  const cases: Record<string, Program> = {
    'a reference taken before this package was loaded': () => real.random(),
    'Intl without an argument': () =>
      new Intl.DateTimeFormat('en', { minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3 }).format(),
    'another realm': () => runInNewContext('Math.random()'),
  }
  it.for(Object.keys(cases))('%s: the value is another one, and the verdict says so', async (name) => {
    const verdict = await replayed(cases[name] ?? (() => 0))
    expect(verdict.label).toBe('diverged')
    expect(verdict.effects?.served).toBe(0)
  })

  it('fake timers that were installed after this package: they give the time, and it is not recorded', async () => {
    const faked = () => {
      vi.useFakeTimers({ now: 1_000, toFake: ['Date'] })
      const now = Date.now()
      vi.useRealTimers()
      return now
    }
    expectExact(await replayed(faked))
    // Nobody serves it where nobody fakes it.
    expect((await replayed(faked, () => Date.now())).label).toBe('diverged')
  })
})
