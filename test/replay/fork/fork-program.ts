import { appendFileSync } from 'node:fs'
import { instrument, model, tool } from 'reprise'

// A program for cli.test.ts. What is called says so in the file that it names.

const says = (what: string): void => appendFileSync(process.env['CALLS_FILE'] ?? '/dev/null', `${what}\n`)

const stock = tool(
  async (item: string) => {
    says(`stock ${item}`)
    return { item, left: 4 }
  },
  { name: 'stock', effect: 'read' },
)
const write = model(
  async ({ prompt }: { prompt: string }) => {
    says(`write ${prompt}`)
    return `we have ${prompt}`
  },
  { name: 'write' },
)
const send = tool(
  async (text: string) => {
    says(`send ${text}`)
    return { sent: text.length }
  },
  { name: 'send' },
)

export const answer = instrument(
  async (item: string) => {
    const { left } = await stock(item)
    const text = await write({ prompt: `${left} of ${item}${process.env['ASK_MORE'] ?? ''}` })
    return { text, sent: await send(text) }
  },
  { name: 'answer' },
)
