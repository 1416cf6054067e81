import { agent, currentRun, embedding, instrument, model, reranker, retriever, tool } from 'reprise'

/**
 * The program behind the recording in `first-light/`, which every later release must replay exactly. So this file does not
 * change: another program is another file with a recording of its own.
 */
let calls = 0

const search = retriever(async (query: string) => [{ id: `d${++calls}`, text: `about ${query}` }], { name: 'kb' })
const rank = reranker(async (found: readonly { id: string }[]) => found.map(({ id }) => id).reverse(), { name: 'rank' })
const embed = embedding((text: string) => Float32Array.from({ length: 4 }, () => text.length / ++calls), { name: 'embed' })
const chat = model(
  async (request: { messages: string[] }) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    return { id: `r${++calls}`, text: request.messages.join(' / ') }
  },
  { name: 'chat', provider: 'test', model: () => 'm-1' },
)
const speak = model(
  async function* speak(prompt: string) {
    for (const word of prompt.split(' ')) yield { delta: `${word}${++calls}` }
  },
  { name: 'speak' },
)
const refund = tool(
  async (order: { id: string }) => {
    // Without its stack, which would hold the folder that the recording was made in.
    if (order.id === 'R-0') throw Object.assign(new RangeError('no such order'), { status: 404, stack: 'RangeError: no such order' })
    return { order: order.id, at: new Date(), amount: 10n, note: undefined }
  },
  { name: 'refund', effect: 'write' },
)
const planner = agent(async (topic: string) => await rank(await search(topic)), { name: 'planner' })

export const program = instrument(
  async function firstLight(ticket: { from: string; text: string }) {
    const log: unknown[] = [currentRun().random('draw')(), ticket.from]
    // Equal requests, unequal answers.
    await Promise.all([1, 2, 3].map(async () => log.push((await chat({ messages: ['hello', ticket.from] })).id)))
    log.push(await planner(ticket.text), [...embed(ticket.text)])
    for await (const { delta } of speak('one two three four')) if (log.push(delta) > 0 && delta.startsWith('three')) break
    for (const id of ['R-0', 'R-1']) {
      try {
        const { at, amount, note } = await refund({ id })
        log.push(at instanceof Date, amount === 10n, note)
      } catch (error) {
        log.push((error as RangeError).message, error instanceof RangeError, (error as { status?: number }).status)
      }
    }
    await currentRun().step({ index: 0 }, async (step) => step.metric('log', log.length))
    return log
  },
  { seed: 11 },
)

export const input: Parameters<typeof program> = [
  { from: 'ana.lopez@northwind-labs.com', text: 'key sk-proj-Zx81hTQ0vLw3Rk7MfYp2Ne9UaBcD4sGj6HoKq5Wt, order R-1' },
]
