import { randomUUID } from 'node:crypto'
import { scheduler, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { loadRecording, replay } from '../../../src/replay/index.ts'
import { agent, flush, instrument, model, type RecorderOptions } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { recordPrograms } from '../record-programs.ts'

let calls = 0
const chat = model(
  async (prompt: string) => {
    await sleep(3)
    // Reads of a served step are its own.
    return { text: `${prompt} ${++calls}`, at: Date.now(), drawn: Math.random() }
  },
  { name: 'chat' },
)

/** Records one run of `program`, then replays it three times: each time exactly, and with what `check` says of the output. */
async function expectClosed(program: () => unknown, options?: RecorderOptions, afterwards = async () => {}): Promise<void> {
  const recorded = instrument(program, { name: 'program' })
  const folders = await recordPrograms(async () => {
    await recorded()
    await afterwards()
  }, options)
  const recording = await loadRecording(folders.get('program') ?? '')
  for (let round = 0; round < 3; round++) {
    const verdict = await replay(recording, recorded)
    expectExact(verdict)
    expect(verdict.effects).toMatchObject({ unused: 0, beyond: [], unserved: [] })
  }
}

describe('time and chance of a recorded run, in its replay', () => {
  it('are those of the recording, whoever is asked', async () => {
    await expectClosed(async () => {
      const first = await chat(`at ${Date.now()} ${Math.random()} ${randomUUID()}`)
      return {
        first,
        now: Date.now(),
        date: new Date(),
        text: Date(),
        performance: performance.now(),
        hrtime: process.hrtime(),
        since: process.hrtime([1, 2]),
        bigint: process.hrtime.bigint(),
        random: [Math.random(), Math.random()],
        uuid: [randomUUID(), crypto.randomUUID(), randomUUID({ disableEntropyCache: true })],
      }
    })
  })

  it('belong to the step whose code asked, so that branches do not mix', async () => {
    const worker = agent(async (name: string) => [name, Math.random(), await chat(name), Math.random(), Date.now()], { name: 'worker' })
    await expectClosed(async () => [Math.random(), await Promise.all(['a', 'b', 'c', 'a'].map(worker)), Math.random()])
  })

  it('come from timers in the order in which they fired', async () => {
    await expectClosed(async () => {
      const order: string[] = []
      const every = setInterval(() => order.push('tick'), 4)
      setTimeout(() => order.push('ten'), 10)
      setTimeout((word: string) => order.push(word), 5, 'five')
      setImmediate(() => order.push('at once'))
      const never = setTimeout(() => order.push('never'), 8)
      await Promise.all([sleep(7), chat('one').then(() => order.push('chat')), promisify(setTimeout)(6), scheduler.wait(5)])
      clearTimeout(never)
      await sleep(20)
      clearInterval(every)
      return { order, at: Date.now(), text: await chat(order.join()) }
    })
  })

  it('come from timers that are put off, start again, or are called off for good', async () => {
    await expectClosed(async () => {
      const order: string[] = []
      const watchdog = setTimeout(() => order.push('watchdog'), 12)
      for (const word of ['one', 'two', 'three']) {
        await chat(word)
        watchdog.refresh()
      }
      let rounds = 0
      const again = setTimeout(() => {
        order.push(`round ${++rounds}`)
        if (rounds < 3) again.refresh()
      }, 3)
      const never = setTimeout(() => order.push('never'), 3)
      clearTimeout(never)
      never.refresh()
      await sleep(40)
      return order
    })
  })

  it('make races and timeouts end as they did', async () => {
    await expectClosed(async () => {
      const slow = sleep(60_000, 'too late', { signal: AbortSignal.timeout(15) }).catch((error: Error) => error.name)
      const won = await Promise.race([chat('quick').then(() => 'chat'), sleep(10_000, 'timer', { ref: false })])
      return [won, await slow]
    })
  })

  it('leave timers asleep that had not fired, however slow the machine is once the program has ended', async () => {
    const program = instrument(
      async () => {
        setTimeout(() => void chat('afterwards').catch(() => {}), 60_000).unref()
        return await chat('one')
      },
      { name: 'program' },
    )
    const folders = await recordPrograms(async () => await program())
    const recording = await loadRecording(folders.get('program') ?? '')
    const replayed = replay(recording, program)
    let busy = true
    const spin = (): void => {
      for (const until = performance.now() + 60; performance.now() < until; );
      if (busy) setImmediate(spin)
    }
    spin()
    expectExact(await replayed)
    busy = false
  })

  it('let what the program does after its end be done again', async () => {
    const agents = agent(
      async (name: string) => {
        await sleep(8)
        return [await chat(name), Math.random(), Date.now()]
      },
      { name: 'background' },
    )
    const programs: (() => unknown)[] = [
      () => void setTimeout(() => void chat('timer'), 5),
      () => void setImmediate(() => void chat('immediate')),
      () => {
        let rounds = 0
        const every = setInterval(() => {
          void chat(`round ${rounds}`)
          if (++rounds === 3) clearInterval(every)
        }, 4)
      },
      async () => {
        void sleep(4).then(() => chat('sleep'))
        return await chat('first')
      },
      () => void Promise.all([agents('a'), agents('a')]),
    ]
    for (const program of programs) {
      await expectClosed(
        async () => await program(),
        {},
        async () => await sleep(60),
      )
    }
  })

  it('are read by what a step started after it had ended', async () => {
    const starter = agent(
      () => {
        setTimeout(() => late.push(Math.random(), Date.now()), 5)
        return 'started'
      },
      { name: 'starter' },
    )
    let late: number[] = []
    await expectClosed(async () => {
      late = []
      const started = starter()
      // Sends the step, which lets go of what it noted.
      await flush()
      await sleep(30)
      return [started, late, await chat('done')]
    })
  })
})
