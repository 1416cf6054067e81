import { createHash } from 'node:crypto'

/** Ordinary agent traffic, made here: prose, code, JSON, links, ids. Deterministic; nothing in it is to be redacted. */
const SENTENCES = [
  'The user asked how the retry policy behaves when the upstream service answers with 503 twice in a row.',
  'I would first look at the logs, since the risk of a task-level timeout is higher than that of a disk error.',
  'According to the documentation (https://docs.example.org/guide/retries#backoff) the delay doubles each time.',
  'Let me check: 3 of 12 requests failed between 09:15 and 09:47, all of them in the eu-west-1 region.',
  'Sure! Here is a summary of the three passages that I found, with the most relevant one first.',
  'The token budget is 4096, of which 1287 prompt tokens and 312 completion tokens were used so far.',
  'Next step: compare the two embeddings, then rerank the documents and keep the best five.',
  'It costs $1,299.00 plus tax; order 20240117-000482 was shipped on 2024-01-17T08:30:00Z to Oslo.',
  'If the password reset does not work, ask the customer to wait ten minutes before the next attempt.',
  'Das Modell antwortet auf Deutsch, wenn die Frage auf Deutsch gestellt wird – auch mit Umlauten.',
]
const CODE = [
  "import { readFile } from 'node:fs/promises'",
  'export async function load(path: string): Promise<Config> {',
  "  const text = await readFile(path, 'utf8')",
  '  return parse(text) ?? DEFAULTS // see issue #1182',
  '}',
  '@dataclass(frozen=True)',
  'class Item: sku: str; count: int = 0',
  'for index, (key, value) in enumerate(rows.items()): total += value * weights[index]',
  '$ git log --oneline 3f2a9c1d..HEAD -- src/',
]

/** Numbers in [0, 1) that are the same in every run. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function cleanMessage(random: () => number, minLength: number): string {
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? ''
  let text = ''
  while (text.length < minLength) {
    const kind = random()
    if (kind < 0.75) text += `${pick(SENTENCES)} `
    else if (kind < 0.9) text += `\n${pick(CODE)}\n`
    else text += `id ${createHash('sha1').update(String(random())).digest('hex')} `
  }
  return text
}

/** Made up, of the right form. */
export function plantedSecret(random: () => number): string {
  const run = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
  const base62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const makers = [
    () => `${run('abcdefgh', 6)}.${run('klmnop', 7)}@${run('qrstuv', 6)}.example.com`,
    () => `sk-proj-${run(base62, 48)}`,
    () => `ghp_${run(base62, 36)}`,
    () => `AKIA${run('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
    () => `postgres://app:${run(base62, 16)}@db.internal:5432/main`,
    () => '4111 1111 1111 1111',
  ]
  return makers[Math.floor(random() * makers.length)]?.() ?? ''
}

/** Messages of about `messageBytes`, together about `totalBytes`; in one of `secretEvery` stands a secret (0: in none). */
export function chatMessages(totalBytes: number, messageBytes: number, secretEvery: number): string[] {
  const random = makeRandom(7)
  const messages: string[] = []
  for (let size = 0; size < totalBytes; size += messageBytes) {
    const text = cleanMessage(random, messageBytes)
    const isPlanted = secretEvery > 0 && random() < 1 / secretEvery
    const cut = Math.floor(text.length / 2)
    // Through a buffer: a string as the wire gives it, not a rope.
    messages.push(Buffer.from(isPlanted ? `${text.slice(0, cut)} ${plantedSecret(random)} ${text.slice(cut)}` : text).toString())
  }
  return messages
}
