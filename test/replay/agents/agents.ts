import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, currentRun, instrument } from '../../../src/sdk/index.ts'
import { book, chat, embed, lookup, rank, search, status, streamChat } from './world.ts'

// Twelve agents, each with one thing that is hard to repeat. None of them knows that it may be replayed.

const ask = (content: string): { messages: { role: string; content: string }[] } => ({ messages: [{ role: 'user', content }] })

/** Reads one stream to its end, leaves another early, and interleaves two more. */
const streaming = async (): Promise<unknown> => {
  const whole: string[] = []
  for await (const { delta } of streamChat({ prompt: 'whole' })) whole.push(delta)
  const some: string[] = []
  for await (const { delta } of streamChat({ prompt: 'some' })) if (some.push(delta) === 3) break
  const mixed: string[] = []
  const read = async (prompt: string): Promise<void> => {
    for await (const { delta } of streamChat({ prompt })) mixed.push(`${prompt} ${delta}`)
  }
  await Promise.all([read('left'), read('right')])
  return { whole, some, mixed, said: await chat(ask(mixed.join())) }
}

/** Tools side by side, whose results are told to the model in the order in which they came. */
const parallelTools = async (): Promise<unknown> => {
  const came: string[] = []
  const one = async (key: string): Promise<void> => void came.push((await lookup(key)).text)
  await Promise.all(Array.from({ length: 8 }, (_, at) => one(`key ${at}`)))
  return await chat(ask(came.join('\n')))
}

/** The first of three answers, or a time-out. */
const races = async (): Promise<unknown> => {
  const results: unknown[] = []
  for (let round = 0; round < 5; round++) {
    const limit = new AbortController()
    const first = Promise.race(['a', 'b', 'c'].map(async (name) => [name, (await chat(ask(`${round} ${name}`))).id]))
    const late = sleep(2 + round, ['late'], { signal: limit.signal }).catch(() => [])
    const won = await Promise.race([first, late])
    if (won[0] !== 'late') limit.abort()
    results.push(won)
    await first
  }
  return { results, said: await chat(ask(JSON.stringify(results))) }
}

/** Tries again after a time that grows, with chance in it. */
const retries = async (): Promise<unknown> => {
  const tries: number[] = []
  const seat = async (number: number): Promise<unknown> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await book({ seat: number })).id
      } catch (error) {
        if (attempt === 8) return String(error)
        tries.push(number)
        await sleep(2 ** attempt * (0.5 + Math.random()))
      }
    }
  }
  return { booked: await Promise.all([1, 2, 3].map(seat)), tries, said: await chat(ask(tries.join())) }
}

/** Gives streams up: by a timer, by a signal of its own, and before they have begun. */
const abort = async (): Promise<unknown> => {
  const read = async (name: string, signal: AbortSignal): Promise<unknown> => {
    const seen: string[] = []
    try {
      for await (const { delta } of streamChat({ prompt: name }, signal)) seen.push(delta)
      return { name, seen }
    } catch (error) {
      return { name, seen, error: error instanceof Error ? error.name : 'unknown' }
    }
  }
  const stop = new AbortController()
  setTimeout(() => stop.abort(new Error('enough')), 6)
  const results = await Promise.all([
    read('timer', stop.signal),
    read('signal', AbortSignal.timeout(9)),
    read('at once', AbortSignal.abort()),
  ])
  return { results, said: await chat(ask(JSON.stringify(results))) }
}

const writer = agent(
  async (topic: string) => {
    const facts = await lookup(topic)
    return { draft: await chat(ask(`write about ${topic}: ${facts.text}`)), at: Date.now(), id: randomUUID() }
  },
  { name: 'writer' },
)
const editor = agent(
  async (topic: string) => {
    const drafts = await Promise.all([writer(topic), writer(topic), writer(`${topic} again`)])
    return await chat(ask(drafts.map(({ draft, id }) => `${id} ${draft.text}`).join()))
  },
  { name: 'editor' },
)

/** Agents that call agents, the same ones side by side. */
const nestedAgents = async (): Promise<unknown> => {
  const [cats, dogs] = await Promise.all([editor('cats'), editor('dogs')])
  return await currentRun().step({ name: 'publish' }, async () => [
    cats?.text,
    dogs?.text,
    (await writer('cats')).draft.text,
    Math.random(),
  ])
}

/** The same request many times at once: each has an answer of its own. */
const duplicates = async (): Promise<unknown> => {
  const came: string[] = []
  const all = await Promise.all(
    Array.from({ length: 24 }, async (_, at) => {
      const { id } = await chat(ask('the same'))
      came.push(`${at} ${id}`)
      return id
    }),
  )
  return { all, came, said: await chat(ask(came.join())) }
}

/** Asks again and again whether something is done, until a deadline; an interval counts beside it. */
const polling = async (): Promise<unknown> => {
  const deadline = Date.now() + 60
  let beats = 0
  const beat = setInterval(() => beats++, 7)
  const seen: string[] = []
  while (Date.now() < deadline) {
    const { done, id } = await status('job-1')
    seen.push(id)
    if (done && seen.length > 2) break
    await sleep(5)
  }
  clearInterval(beat)
  return { seen, beats, left: deadline - Date.now(), said: await chat(ask(`${beats} ${seen.length}`)) }
}

/** Vectors in, documents out, in an order that somebody else decides. */
const embeddings = async (): Promise<unknown> => {
  const [vector = new Float32Array(0)] = await embed(['where is my order'])
  const hits = await search(vector, 6)
  const near = hits.map((hit) => ({ id: hit.id, dot: hit.vector.reduce((sum, value, at) => sum + value * (vector[at] ?? 0), 0) }))
  const order = await rank(
    'where is my order',
    near.toSorted((left, right) => right.dot - left.dot).map(({ id }) => id),
  )
  return { near, order, said: await chat(ask(order.slice(0, 3).join())) }
}

/** Everything that it asks depends on the time and on chance. */
const timeAndRandom = async (): Promise<unknown> => {
  const said: unknown[] = []
  for (let turn = 0; turn < 6; turn++) {
    const id = turn % 2 === 0 ? randomUUID() : crypto.randomUUID()
    const shuffled = ['a', 'b', 'c', 'd'].map((name) => [Math.random(), name] as const).toSorted(([left], [right]) => left - right)
    const started = performance.now()
    const { text } = await chat(ask(`${new Date().toISOString()} ${id} ${shuffled.map(([, name]) => name).join('')} ${Date()}`))
    said.push([text, performance.now() - started, process.hrtime.bigint(), process.hrtime()[1]])
    await new Promise((resolve) => setImmediate(resolve))
  }
  return said
}

/** Some of what it calls fails; so does it in the end. */
const errors = async (): Promise<unknown> => {
  const settled = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((seat) => book({ seat })))
  const failed = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error & { status: number }] : []))
  const { text } = await chat(ask(failed.map(({ name, status, message }) => `${name} ${status} ${message}`).join()))
  throw Object.assign(new RangeError(`${failed.length} of ${settled.length}: ${text}`, { cause: failed[0] }), { at: Date.now() })
}

/** A conversation of two hundred turns, each with all that was said before. */
const longHistory = async (): Promise<unknown> => {
  const messages: { role: string; content: string }[] = [{ role: 'system', content: 'You are brief.' }]
  for (let turn = 0; turn < 200; turn++) {
    messages.push({ role: 'user', content: `turn ${turn} at ${Date.now()}` })
    const { text } = await chat({ messages: [...messages] })
    messages.push({ role: 'assistant', content: text })
  }
  return { turns: messages.length, last: messages.at(-1) }
}

const PROGRAMS: Readonly<Record<string, () => Promise<unknown>>> = {
  streaming,
  parallelTools,
  races,
  retries,
  abort,
  nestedAgents,
  duplicates,
  polling,
  embeddings,
  timeAndRandom,
  errors,
  longHistory,
}

/** By name, each wrapped by `instrument()`. */
export const AGENTS: Readonly<Record<string, () => Promise<unknown>>> = Object.fromEntries(
  Object.entries(PROGRAMS).map(([name, program]) => [name, instrument(program, { name })]),
)
