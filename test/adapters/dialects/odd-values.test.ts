import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type DerivableStep, deriveGenAiContent, deriveGenAiScalars } from '../../../src/adapters/dialects/index.ts'
import { attributesSchema, RESULT_SHAPES, STEP_KINDS } from '../../../src/schemas/public.ts'

const prototypeKeys = Object.getOwnPropertyNames(Object.prototype)

/** Names that the readers look for, so that odd values stand where they look. */
const name = fc.constantFrom(
  ...[
    'choices',
    'delta',
    'message',
    'content',
    'role',
    'parts',
    'text',
    'tool_calls',
    'function',
    'arguments',
    'index',
    'usage',
    'prompt_tokens',
    'input_tokens',
  ],
  ...[
    'candidates',
    'usageMetadata',
    'finishReason',
    'type',
    'content_block',
    'output',
    'output_index',
    'response',
    'item',
    'done',
    'messages',
    'input',
    'contents',
  ],
  ...[
    'tools',
    'functionDeclarations',
    'system',
    'model',
    'stop',
    'n',
    'documents',
    'hits',
    'query',
    'data',
    'embedding',
    '__proto__',
    'constructor',
    'toJSON',
    'summary',
  ],
)
const word = fc.constantFrom(
  'assistant',
  'tool',
  'message_start',
  'content_block_start',
  'content_block_delta',
  'message_delta',
  'response.completed',
  'response.output_text.delta',
  'tool_result',
  'thinking',
  'chat.completion',
  'response',
  'text',
  '{"a":1}',
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', maxDepth: 6 },
    word,
    fc.constantFrom(
      undefined,
      null,
      true,
      -1,
      0.5,
      Number.NaN,
      2 ** 60,
      10n,
      Symbol('s'),
      () => {},
      new Date(Number.NaN),
      new Map([['k', new Set([1])]]),
      Uint8Array.of(1),
      new Float64Array(2),
      new Error('e'),
    ),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }),
  ),
}))

function check(step: DerivableStep): void {
  attributesSchema.parse(deriveGenAiScalars(step))
  for (const [key, text] of Object.entries(deriveGenAiContent(step))) {
    if (typeof text !== 'string') throw new Error(`${key} is no text`)
    if (key !== 'gen_ai.retrieval.query.text') JSON.parse(text)
  }
}

it('whatever a call was given and gave: no throw, and what comes out is well formed', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...STEP_KINDS),
      fc.oneof(value, fc.array(value, { maxLength: 3 })),
      value,
      fc.option(fc.constantFrom(...RESULT_SHAPES), { nil: undefined }),
      (kind, args, output, shape) => {
        check({ kind, operation: 'chat', stepName: 's', args, output, shape })
      },
    ),
    { numRuns: 5_000 },
  )
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
})

it('cycles, depth and traps end', () => {
  const cycle: Record<string, unknown> = { role: 'user' }
  cycle['content'] = [cycle, cycle, cycle]
  cycle['messages'] = [cycle, cycle]
  let deep: unknown = 'x'
  for (let level = 0; level < 50_000; level++) deep = level % 2 === 0 ? [deep] : { type: 'tool_result', content: deep }
  const trap = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('no')
      },
      getOwnPropertyDescriptor: () => {
        throw new Error('no')
      },
    },
  )
  const getter = {
    get messages(): never {
      throw new Error('no')
    },
    model: 'm',
  }
  for (const odd of [cycle, deep, trap, getter, [cycle], [deep], [trap, trap]])
    for (const kind of ['model', 'agent', 'tool', 'retriever', 'embedding'] as const) {
      check({ kind, operation: 'chat', stepName: 's', args: [odd], output: odd })
      check({ kind, operation: 'chat', stepName: 's', args: odd, output: [odd, odd], shape: 'async-iterable' })
    }
  // What could be read beside the trap is there.
  expect(
    deriveGenAiScalars({ kind: 'model', operation: 'chat', stepName: 's', args: [getter], output: undefined, model: 'given' })[
      'gen_ai.request.model'
    ],
  ).toBe('given')
})

it('what is beyond the bounds leaves a note, at any place', () => {
  const wide = Object.fromEntries(Array.from({ length: 150_000 }, (_, index) => [`k${index}`, index]))
  for (const output of [wide, Object.values(wide), { inner: wide }]) {
    const text = deriveGenAiContent({ kind: 'tool', operation: 'execute_tool', stepName: 't', args: [], output })['gen_ai.tool.call.result']
    expect(text).toContain('[not shown: too many values]')
    expect(String(text).length).toBeLessThan(2_000_000)
  }
})
