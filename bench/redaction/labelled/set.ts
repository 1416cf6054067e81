import { createHash } from 'node:crypto'
import { cleanMessage } from '../corpus.ts'
import { SECRET_FORMATS } from './formats.ts'
import { SECRETS_IN_CONTEXT } from './formats-in-context.ts'
import { MAKERS } from './people.ts'
import { Chance } from './random.ts'

/** A text and what must not be left of it. */
export interface LabelledCase {
  readonly detector: string
  readonly kind: 'secret' | 'personal'
  readonly place: string
  readonly text: string
  readonly isJson: boolean
  readonly secret: string
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Where secrets turn up in what agents send and get. `§` is where they stand. */
const PLACES: Readonly<Record<string, (value: string, sentence: string) => { text: string; isJson?: true }>> = {
  prose: (_, sentence) => ({ text: `As agreed: ${sentence}. Let me know.` }),
  alone: (value) => ({ text: value }),
  log: (_, sentence) => ({ text: `2026-01-17T08:30:00.123Z INFO worker-3 [req 4711] ${sentence}` }),
  code: (value) => ({ text: `const config = { url: BASE, value: '${value}' }\n` }),
  markdown: (value) => ({ text: `Use it like so:\n\n\`\`\`sh\nexport VALUE="${value}"\nrun --fast\n\`\`\`\n` }),
  json: (_, sentence) => ({ text: JSON.stringify({ role: 'user', content: sentence }), isJson: true }),
  'json in json': (_, sentence) => ({
    text: JSON.stringify([{ type: 'function', function: { name: 'send', arguments: JSON.stringify({ body: sentence, n: 1 }) } }]),
    isJson: true,
  }),
  'event stream': (_, sentence) => ({
    text: `event: message\ndata: ${JSON.stringify({ delta: { content: sentence } })}\n\ndata: [DONE]\n\n`,
  }),
  yaml: (value) => ({ text: `service:\n  replicas: 3\n  value: ${value}\n  region: eu\n` }),
  diff: (_, sentence) => ({ text: `@@ -1,3 +1,3 @@\n-old line\n+${sentence}\n context\n` }),
  chunks: (_, sentence) => ({
    text: JSON.stringify((sentence.match(/[\s\S]{1,7}/gu) ?? []).map((content) => ({ delta: { content } }))),
    isJson: true,
  }),
  base64: (_, sentence) => ({
    text: `attachment data:text/plain;base64,${base64(`notes\n${sentence}\nend of the notes, nothing more`)} end`,
  }),
}
const ANY = Object.keys(PLACES)
/** Where nothing may be lost of the words around. */
const WITH_WORDS = ['prose', 'log', 'json', 'json in json', 'event stream', 'diff', 'chunks', 'base64']

/** The project's own labelled set: seeded, made anew at each run, the same everywhere. */
export function labelledCases(perFormat: number): LabelledCase[] {
  const chance = new Chance(20260117)
  const cases: LabelledCase[] = []
  const add = (detector: string, kind: LabelledCase['kind'], place: string, value: string, sentence: string): void => {
    const { text, isJson } = PLACES[place]?.(
      value,
      sentence.replace('§', () => value),
    ) ?? { text: value }
    cases.push({ detector, kind, place, text, isJson: isJson === true, secret: value })
  }
  for (const [detector, formats] of Object.entries(SECRET_FORMATS)) {
    for (const format of formats) {
      for (let round = 0; round < perFormat; round++)
        add(detector, 'secret', ANY[(cases.length * 7 + round) % ANY.length] ?? '', chance.fill(format), 'the key is § here')
    }
  }
  for (const [detector, formats] of Object.entries(SECRETS_IN_CONTEXT)) {
    for (const [format, text] of formats) {
      for (let round = 0; round < perFormat; round++)
        add(detector, 'secret', WITH_WORDS[(cases.length + round) % WITH_WORDS.length] ?? '', chance.fill(format), text)
    }
  }
  for (const [detector, makers] of Object.entries(MAKERS)) {
    for (const make of makers) {
      for (let round = 0; round < perFormat * 2; round++)
        add(detector, 'personal', WITH_WORDS[(cases.length + round) % WITH_WORDS.length] ?? '', ...make(chance))
    }
  }
  return cases
}

/** Ordinary agent traffic of many kinds, in which there is nothing to find. By kind. */
export function cleanTraffic(bytesOfEach: number): Readonly<Record<string, readonly string[]>> {
  const chance = new Chance(4711)
  const random = chance.next
  const filled = (make: (index: number) => string): string[] => {
    const texts: string[] = []
    for (let size = 0, index = 0; size < bytesOfEach; index++) {
      const text = make(index)
      texts.push(text)
      size += Buffer.byteLength(text)
    }
    return texts
  }
  const hex = (length: number): string => chance.run('H', length)
  const stamp = (): string =>
    `2026-0${1 + chance.below(9)}-${10 + chance.below(18)}T${10 + chance.below(13)}:${10 + chance.below(49)}:${10 + chance.below(49)}.${chance.digits(3)}Z`
  return {
    prose: filled(() => cleanMessage(random, 2000)),
    'tool calls': filled((index) =>
      JSON.stringify({
        id: `chatcmpl-${chance.run('A', 29)}`,
        object: 'chat.completion',
        created: 1768000000 + index,
        model: 'gpt-4o-2024-08-06',
        system_fingerprint: `fp_${hex(10)}`,
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              tool_calls: [
                {
                  id: `call_${chance.run('A', 24)}`,
                  type: 'function',
                  function: { name: 'search', arguments: JSON.stringify({ query: 'retry policy', top_k: 5, cursor: chance.run('A', 24) }) },
                },
              ],
            },
            finish_reason: 'tool_calls',
          },
        ],
        usage: { prompt_tokens: chance.below(9000), completion_tokens: chance.below(900), total_tokens: chance.below(9900) },
      }),
    ),
    'ids and digests': filled(() =>
      [
        chance.uuid(),
        `sha256:${hex(64)}`,
        hex(40),
        hex(7),
        `msg_01${chance.run('A', 22)}`,
        `toolu_01${chance.run('A', 22)}`,
        `run-${chance.uuid()}`,
        `00-${hex(32)}-${hex(16)}-01`,
        `01HZ${chance.run('U', 22)}`,
        createHash('md5').update(String(random())).digest('base64'),
      ].join(' '),
    ),
    'order numbers': filled(
      () =>
        `order 2026${chance.digits(4)}-${chance.digits(6)}, invoice INV-2026-${chance.digits(7)}, SKU ${chance.run('u', 3)}-${chance.digits(5)}, tracking 1Z${chance.run('U', 16)}, case #${chance.digits(8)}, total ${chance.digits(4)}.${chance.digits(2)} EUR`,
    ),
    embeddings: filled(() =>
      JSON.stringify({ object: 'embedding', index: 0, embedding: Array.from({ length: 256 }, () => (random() - 0.5) / 10) }),
    ),
    telemetry: filled(() =>
      JSON.stringify({
        startTimeUnixNano: `17680000${chance.digits(11)}`,
        traceId: hex(32),
        spanId: hex(16),
        attributes: [
          { key: 'http.status_code', value: { intValue: '200' } },
          { key: 'net.host.port', value: { intValue: '4318' } },
          { key: 'duration_ms', value: { doubleValue: random() * 1000 } },
        ],
      }),
    ),
    logs: filled(() =>
      `${stamp()} INFO [worker-${chance.below(9)}] GET /v1/items/${chance.digits(6)}?limit=50&offset=${chance.digits(3)} 200 ${chance.below(900)}ms bytes=${chance.digits(7)} host=127.0.0.1:8080 ver=2.14.${chance.below(30)}.${chance.below(9)} pid=${chance.digits(5)}\n`.repeat(
        1,
      ),
    ),
    code: filled((index) =>
      [
        `export async function load${index}(options: Options): Promise<Result> {`,
        `  const token = await getToken(options.tokenProvider)`,
        `  const response = await fetch(\`\${BASE}/v1/items?page_token=\${cursor}\`, { headers: { Authorization: \`Bearer \${token}\` } })`,
        `  if (response.status === 401) throw new AuthError('the password or token is wrong')`,
        `  const key = \`items:\${hashOf(options)}\` // cache key, see #${chance.digits(4)}`,
        `  return cache.set(key, await response.json(), { ttl: ${chance.digits(5)} })`,
        '}',
        `def test_login(client): assert client.post('/login', data={'password': password, 'csrf_token': csrf}).status_code == ${200 + chance.below(300)}`,
        `api_key = os.environ["OPENAI_API_KEY"]; secret = settings.SECRET_KEY; token: str = field(default_factory=make_token)`,
        `commit ${hex(40)}\nindex ${hex(7)}..${hex(7)} 100644\n"integrity": "sha512-${chance.run('B', 86)}=="`,
      ].join('\n'),
    ),
    images: filled(() =>
      JSON.stringify({
        type: 'image_url',
        image_url: {
          url: `data:image/png;base64,${Buffer.from(Array.from({ length: 3000 }, () => chance.below(256))).toString('base64')}`,
        },
      }),
    ),
    numbers: filled(() =>
      Array.from(
        { length: 12 },
        () =>
          `${chance.digits(3)},${chance.digits(3)} ${chance.digits(4)} ${(random() * 1e6).toFixed(3)} 10:${10 + chance.below(49)}:${10 + chance.below(49)} v${chance.below(9)}.${chance.below(20)}.${chance.below(30)} ${chance.below(4000)}x${chance.below(4000)}`,
      ).join('; '),
    ),
  }
}
