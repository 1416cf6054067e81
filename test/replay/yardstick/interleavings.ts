import { formatVerdict, replay } from '../../../src/replay/index.ts'
import type { Recording } from '../../../src/replay/recording/recording.ts'
import {
  createRandom,
  currentRun,
  type Interceptor,
  instrument,
  model,
  retriever,
  runWithInterceptor,
  tool,
} from '../../../src/sdk/index.ts'
import { LiveStore } from '../live-store.ts'
import { GlobalCursor, ToolQueues } from './matchers.ts'

const BRANCHES = 32
const ROUNDS = 4

/** The world: which of the open calls is answered next is drawn from a seed, and no two answers are alike. */
class World {
  readonly #random: () => number
  readonly #open: (() => void)[] = []
  #answers = 0
  #turning = false

  constructor(seed: number) {
    this.#random = createRandom(String(seed), 'interleaving')
  }

  ask(): Promise<string> {
    const answer = `answer ${this.#answers++}`
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#open.push(() => resolve(answer))
    if (!this.#turning) this.#turn()
    return promise
  }

  #turn(): void {
    this.#turning = true
    setImmediate(() => {
      const [next] = this.#open.splice(Math.floor(this.#random() * this.#open.length), 1)
      next?.()
      if (this.#open.length > 0) this.#turn()
      else setImmediate(() => (this.#open.length > 0 ? this.#turn() : (this.#turning = false)))
    })
  }
}

let world = new World(0)
const chat = model(async (_request: object) => await world.ask(), { name: 'chat' })
const look = tool(async (_request: object) => await world.ask(), { name: 'look' })
const search = retriever(async (_request: object) => await world.ask(), { name: 'search' })
const CALLS = [chat, look, search] as const

/** Branches at once, each with a few calls in a row: few requests are different, so that most calls have equals with other answers. */
const parallel = instrument(
  async () => {
    const got: Record<string, string> = {}
    await Promise.all(
      Array.from({ length: BRANCHES }, async (_, branch) => {
        for (let round = 0; round < ROUNDS; round++) {
          const call = CALLS[(branch + round) % CALLS.length] ?? chat
          got[`${branch}.${round}`] = await call({ topic: branch % 4, round: round % 2 })
        }
      }),
    )
    lastGot = got
    lastRun = currentRun().id
    return got
  },
  { name: 'parallel' },
)
let lastGot: Readonly<Record<string, string>> = {}
let lastRun = ''

export interface Mispairs {
  readonly interleavings: number
  readonly calls: number
  /** Calls that have an equal one with another answer. */
  readonly ambiguous: number
  /** Calls that got an answer which another call had got when recorded. */
  readonly ours: number
  readonly globalCursor: number
  readonly toolQueue: number
  readonly requestQueue: number
}

/** Records that many interleavings, and replays each: as we do, and by the matchers of the yardstick. */
export async function countMispairs(count: number, firstSeed = 0): Promise<Mispairs> {
  const sums = { calls: 0, ambiguous: 0, ours: 0, globalCursor: 0, toolQueue: 0, requestQueue: 0 }
  const store = await LiveStore.open()
  try {
    const made: { readonly seed: number; readonly run: string; readonly recorded: Readonly<Record<string, string>> }[] = []
    for (let seed = firstSeed; seed < firstSeed + count; seed++) {
      world = new World(seed)
      const recorded = await parallel()
      made.push({ seed, run: lastRun, recorded })
    }
    const recordings = await store.recordingsOf(made.map(({ run }) => run))
    for (const [index, { seed, recorded }] of made.entries()) {
      const recording = recordings[index]
      if (recording === undefined) throw new Error(`seed ${seed}: no recording`)
      sums.calls += Object.keys(recorded).length
      sums.ambiguous += ambiguousIn(recording)
      const verdict = await replay(recording, parallel)
      if (verdict.label !== 'exact') throw new Error(`seed ${seed}: ${formatVerdict(verdict)}`)
      sums.ours += wrong(recorded, lastGot)
      sums.globalCursor += wrong(recorded, await under(new GlobalCursor(recording)))
      sums.toolQueue += wrong(recorded, await under(new ToolQueues(recording, false)))
      sums.requestQueue += wrong(recorded, await under(new ToolQueues(recording, true)))
    }
  } finally {
    await store.close()
  }
  return { interleavings: count, ...sums }
}

async function under(matcher: Interceptor): Promise<Readonly<Record<string, string>>> {
  return await runWithInterceptor(matcher, async () => await parallel())
}

function wrong(recorded: Readonly<Record<string, string>>, got: Readonly<Record<string, string>>): number {
  return Object.keys(recorded).filter((place) => recorded[place] !== got[place]).length
}

function ambiguousIn({ nodes }: Recording): number {
  const groups = Map.groupBy(nodes.slice(1), ({ record, requestDigest }) => `${record.core.stepName} ${requestDigest}`)
  return [...groups.values()].reduce((sum, group) => sum + (group.length > 1 ? group.length : 0), 0)
}
