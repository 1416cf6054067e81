import { setTimeout as sleep } from 'node:timers/promises'
import { agent, currentRun, embedding, instrument, model, reranker, retriever, tool } from '../../src/sdk/index.ts'

/** Counts what a replay must leave at rest. */
export const effects = { live: 0 }

let answers = 0
const later = (): Promise<void> => sleep(Math.random() * 8)

/** A model that never says the same twice. */
const chat = model(
  async (request: { prompt: string }) => {
    effects.live++
    await later()
    return { id: `resp-${++answers}`, text: `${request.prompt.length} characters, ${Math.random()}` }
  },
  { name: 'chat', provider: 'test', model: () => 'm-1' },
)
const flaky = tool(
  async (attempt: { of: string }) => {
    effects.live++
    await later()
    if (++answers % 3 !== 0) throw Object.assign(new RangeError(`busy ${answers}`), { status: 503, detail: attempt.of })
    return { done: answers }
  },
  { name: 'flaky', effect: 'write' },
)
const search = retriever(
  async (query: string) => {
    effects.live++
    await later()
    return [{ id: `d${++answers}`, text: `about ${query}`, score: Math.random() }]
  },
  { name: 'kb' },
)
const rank = reranker(
  async (found: readonly { id: string }[]) => {
    effects.live++
    await later()
    return [...found].sort(() => Math.random() - 0.5).map(({ id }) => id)
  },
  { name: 'rank' },
)
const embed = embedding(
  (text: string) => {
    effects.live++
    return Float32Array.from({ length: 8 }, () => Math.random() * text.length)
  },
  { name: 'embed' },
)
const clock = tool(
  () => {
    effects.live++
    return { at: new Date(), count: 10n + BigInt(++answers), nothing: undefined }
  },
  { name: 'clock' },
)
const tokens = model(
  async function* tokens(request: { prompt: string; signal?: AbortSignal }) {
    effects.live++
    for (let at = 0; at < 6; at++) {
      await later()
      if (request.signal?.aborted) throw request.signal.reason
      yield { delta: `${request.prompt}-${at}-${++answers}` }
    }
  },
  { name: 'tokens' },
)
const openTokens = model(
  async (request: { prompt: string }) => {
    await later()
    return tokens(request)
  },
  { name: 'open_tokens' },
)
const bytes = tool(
  (size: number) => {
    effects.live++
    let sent = 0
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        await later()
        controller.enqueue(crypto.getRandomValues(new Uint8Array(size)))
        if (++sent === 3) controller.close()
      },
    })
  },
  { name: 'bytes' },
)

/** Equal requests in parallel, each answered differently, in an order that nobody planned. */
export const duplicates = instrument(async function duplicates(count: number) {
  const log: string[] = []
  await Promise.all(
    Array.from({ length: count }, async (_, branch) => {
      for (let round = 0; round < 3; round++) log.push(`${branch}: ${(await chat({ prompt: 'same' })).text}`)
    }),
  )
  return log
})

/** Tries again until it works, with real pauses in between. */
export const retries = instrument(async function retries(name: string) {
  const failures: unknown[] = []
  for (let attempt = 0; attempt < 9; attempt++) {
    try {
      return { result: await flaky({ of: name }), failures }
    } catch (error) {
      const { message, status, detail } = error as RangeError & { status: number; detail: string }
      failures.push([error instanceof RangeError, message, status, detail])
      await sleep(5 * attempt)
    }
  }
  throw new Error('gave up')
})

/** Takes whichever comes first and abandons the rest. */
export const race = instrument(async function race() {
  const first = await Promise.race([chat({ prompt: 'a' }), chat({ prompt: 'bb' }), chat({ prompt: 'ccc' })])
  const timed = await Promise.race([search('slow or not'), sleep(3, 'timeout')])
  return [first, timed, await chat({ prompt: 'after the race' })]
})

const planner = agent(
  async (topic: string): Promise<unknown> => {
    const found = await search(topic)
    const vector = embed(found.map(({ text }) => text).join())
    const inner = topic.length < 8 ? await planner(`${topic}!`) : undefined
    return { order: await rank(found), norm: vector.reduce((sum, value) => sum + value * value, 0), inner }
  },
  { name: 'planner' },
)

/** Agents in agents, some at once. */
export const nested = instrument(
  async function nested(topics: string[]) {
    const plans = await Promise.all(topics.map((topic) => planner(topic)))
    return { plans, now: clock(), noise: currentRun().random('noise')() }
  },
  { seed: 7 },
)

/** Streams of every shape, read to the end, left early, aborted, merged. */
export const streams = instrument(async function streams() {
  const log: unknown[] = []
  const drain = async (name: string, stream: AsyncIterable<{ delta: string }>): Promise<void> => {
    for await (const { delta } of stream) log.push(`${name} ${delta}`)
  }
  await Promise.all([
    drain('x', tokens({ prompt: 'x' })),
    openTokens({ prompt: 'y' }).then((stream) => drain('y', stream)),
    chat({ prompt: 'meanwhile' }).then(({ text }) => log.push(text)),
  ])
  for await (const { delta } of tokens({ prompt: 'left' })) if (log.push(delta) > 0 && delta.includes('-2-')) break
  const controller = new AbortController()
  try {
    for await (const { delta } of tokens({ prompt: 'aborted', signal: controller.signal })) {
      log.push(delta)
      controller.abort(new DOMException('enough', 'AbortError'))
    }
  } catch (error) {
    log.push((error as Error).name, (error as Error).message, error instanceof DOMException)
  }
  for await (const chunk of bytes(4)) log.push([...chunk].join('.'))
  const reader = bytes(2).getReader()
  log.push((await reader.read()).value?.length)
  await reader.cancel()
  return log
})

/** Secrets in arguments, prompts and answers. */
export const secrets = instrument(async function secrets(ticket: { from: string; key: string }) {
  const echo = await echoes({ messages: [`from ${ticket.from}`, `key ${ticket.key}`, `again ${ticket.from}`], [ticket.from]: true })
  return `${echo.reply} / ${ticket.from}`
})
const echoes = tool(
  async (request: { messages: string[] }) => {
    effects.live++
    return { reply: request.messages.join(' | ') }
  },
  { name: 'echoes' },
)

/** A stream of its own, over a stream that it reads. */
export const speaks = instrument(async function* speaks(name: string) {
  for await (const { delta } of tokens({ prompt: name })) yield delta.toUpperCase()
  yield (await chat({ prompt: name })).text
})

/** Fails with what a tool gave it. */
export const fails = instrument(async function fails() {
  const { text } = await chat({ prompt: 'last words' })
  throw new TypeError(`cannot go on: ${text}`)
})

/** Training of a sort: steps, metrics, an artifact. */
export const trains = instrument(
  async function trains(epochs: number) {
    const run = currentRun()
    const random = run.random('init')
    let weight = random()
    for (let index = 0; index < epochs; index++) {
      await run.step({ index }, async (step) => {
        weight -= 0.1 * (2 * weight - random())
        step.metric('loss', weight * weight)
        step.metric('epoch', index)
      })
    }
    run.metric('final', weight)
    await run.artifact('weights', Uint8Array.from(Buffer.from(String(weight))))
    await run.artifact('notes', `weight ${weight}`)
    return weight
  },
  { kind: 'training', seed: 3 },
)
