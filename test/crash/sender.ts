import type { Dice } from './dice.ts'

/** Spans of one run, numbered; a number is a span's id and its sequence. */
export interface Batch {
  readonly numbers: readonly number[]
  readonly body: string
}

export const RUN_ID: string = 'c0'.repeat(16)
const STARTED = 1_790_000_000_000_000_000n

/** A batch as a program's exporter sends it: OTLP/JSON, a few spans with inputs and outputs of any size. */
export function batchOf(first: number, dice: Dice): Batch {
  const numbers = Array.from({ length: dice.between(1, 12) }, (_, index) => first + index)
  const large = dice.next() < 0.02
  const spans = numbers.map((number) => ({
    traceId: RUN_ID,
    spanId: (number + 1).toString(16).padStart(16, '0'),
    ...(number > 0 && { parentSpanId: '1'.padStart(16, '0') }),
    name: `chat ${number}`,
    kind: 3,
    startTimeUnixNano: String(STARTED + BigInt(number) * 1000n),
    endTimeUnixNano: String(STARTED + BigInt(number) * 1000n + 500n),
    attributes: [
      { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
      { key: 'gen_ai.input.messages', value: { stringValue: textOf(dice, large ? 1_100_000 : dice.between(0, 3000), number) } },
      { key: 'gen_ai.output.messages', value: { stringValue: textOf(dice, dice.between(0, 800), -number) } },
    ],
    status: {},
  }))
  return {
    numbers,
    body: JSON.stringify({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: 'crash' }, spans }] }] }),
  }
}

function textOf(dice: Dice, bytes: number, number: number): string {
  const words = Array.from({ length: 16 }, () => dice.between(1000, 99_999).toString(36)).join(' ')
  return JSON.stringify([
    { role: 'user', parts: [{ type: 'text', content: `${number}: ${words.repeat(Math.ceil(bytes / words.length)).slice(0, bytes)}` }] },
  ])
}

/** Sends one batch; true when it was acknowledged, false when there was no answer or it was refused for now. */
export async function sendBatch(url: string, batch: Batch): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: batch.body })
    const answer = await response.text()
    if (response.status === 200) {
      if (answer.includes('rejectedSpans')) throw new Error(`spans were rejected: ${answer}`)
      return true
    }
    if (response.status === 429 || response.status === 503) return false
    throw new Error(`refused for good: ${response.status} ${answer}`)
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}
