import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { agent, currentRun, embedding, instrument, model, reranker, retriever, tool } from '../../src/sdk/index.ts'
import { createRandom } from '../../src/sdk/run/random.ts'
import type { SeenStep } from './fake-collector.ts'
import { useRecording } from './recording.ts'

const recording = useRecording()

function pathOf(step: SeenStep, steps: readonly SeenStep[]): string {
  const parent = steps.find(({ span }) => span.spanId === step.span.parentSpanId)
  return parent === undefined ? String(step.name) : `${pathOf(parent, steps)}/${String(step.name)}`
}

describe('runs and steps', () => {
  test('kinds, operations, effects and names', async () => {
    const run = instrument(
      async function everything() {
        await agent(async () => {}, { name: 'planner' })()
        await model(async (_request: object) => ({}), { name: 'chat', provider: 'openai', model: 'gpt-x' })({})
        await embedding(async (_request: object) => [[0.5]], { name: 'embed', provider: 'openai', model: () => 'embed-x' })({})
        await retriever(async () => [], { name: 'kb' })()
        await reranker(async () => [], { name: 'order' })()
        tool(() => 1, { name: 'undeclared' })()
        tool(() => 1, { name: 'reads', effect: 'read' })()
        tool(function named() {})()
        tool(() => {})()
      },
      { name: 'all kinds' },
    )
    await run()
    const steps = await recording.steps()
    expect(
      steps.map(({ kind, name, attributes, span }) => [
        kind,
        attributes[ATTR.operation],
        name,
        attributes[ATTR.effect],
        span.name,
        span.kind,
      ]),
    ).toEqual([
      ['run', 'run', 'all kinds', undefined, 'all kinds', 1],
      ['agent', 'invoke_agent', 'planner', undefined, 'invoke_agent planner', 1],
      ['model', 'chat', 'chat', 'read', 'chat gpt-x', 3],
      ['embedding', 'embeddings', 'embed', 'read', 'embeddings embed-x', 3],
      ['retriever', 'retrieval', 'kb', 'read', 'retrieval kb', 3],
      ['reranker', 'rerank', 'order', 'read', 'rerank order', 3],
      ['tool', 'execute_tool', 'undeclared', 'write', 'execute_tool undeclared', 1],
      ['tool', 'execute_tool', 'reads', 'read', 'execute_tool reads', 1],
      ['tool', 'execute_tool', 'named', 'write', 'execute_tool named', 1],
      ['tool', 'execute_tool', 'tool', 'write', 'execute_tool tool', 1],
    ])
    expect(new Set(steps.map(({ attributes }) => attributes[ATTR.runId])).size).toBe(1)
    expect(steps.every(({ attributes }) => attributes[ATTR.fidelity] === 'replayable')).toBe(true)
  })

  test('the run has the id of the trace it opens; each call is a run of its own', async () => {
    const ids: string[] = []
    const run = instrument(async function run() {
      ids.push(currentRun().id)
    })
    await Promise.all([run(), run()])
    const steps = await recording.steps()
    expect(steps.map(({ span }) => span.traceId).sort()).toEqual([...ids].sort())
    expect(new Set(ids).size).toBe(2)
    expect(steps.map(({ attributes, span }) => attributes[ATTR.runId] === span.traceId)).toEqual([true, true])
    expect(steps.map(({ span }) => span.parentSpanId)).toEqual(['', ''])
  })

  test('parallel and nested calls: sequence is call order, parents are who called', async () => {
    const fetchPage = tool(async (page: number) => await pause(page === 0 ? 10 : 1, page), { name: 'page' })
    const worker = agent(async (page: number) => await fetchPage(page), { name: 'worker' })
    await instrument(async function fan() {
      await Promise.all([0, 1, 2].map((page) => worker(page)))
    })()
    const steps = await recording.steps()
    expect(steps.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(steps.map((step) => pathOf(step, steps))).toEqual([
      'fan',
      'fan/worker',
      'fan/worker/page',
      'fan/worker',
      'fan/worker/page',
      'fan/worker',
      'fan/worker/page',
    ])
    // Page 0 was asked for first and came last.
    const deliveryOf = (sequence: number): number | undefined => (steps[sequence]?.attributes[ATTR.deliveries] as number[] | undefined)?.[0]
    expect(deliveryOf(2)).toBe(4)
  })

  test('an instrument inside a run is a step of it, with the kind run', async () => {
    const inner = instrument(async function inner() {
      return currentRun().id
    })
    const outer = instrument(async function outer() {
      return [currentRun().id, await inner()]
    })
    const [outerId, innerId] = await outer()
    expect(innerId).toBe(outerId)
    const steps = await recording.steps()
    expect(steps.map(({ kind, name }) => [kind, name])).toEqual([
      ['run', 'outer'],
      ['run', 'inner'],
    ])
    expect(steps[1]?.span.parentSpanId).toBe(steps[0]?.span.spanId)
    expect(steps[1]?.attributes[ATTR.seed]).toBeUndefined()
  })

  test('a wrapped call outside of any run is a run of one step', async () => {
    await model(async () => 'x', { name: 'alone' })()
    const step = await recording.step('alone')
    expect(step.sequence).toBe(0)
    expect(step.attributes[ATTR.runId]).toBe(step.span.traceId)
  })

  test('a call made after its run has ended still belongs to it', async () => {
    let later: Promise<unknown> = Promise.resolve()
    const late = tool(() => 1, { name: 'late' })
    await instrument(async function quick() {
      later = pause(5).then(() => late())
    })()
    await later
    const [quick, step] = await recording.steps()
    expect(step?.span.parentSpanId).toBe(quick?.span.spanId)
  })

  test('start and end stand in order, and in the time of the machine', async () => {
    const before = BigInt(Date.now()) * 1_000_000n
    await instrument(async function timed() {
      await tool(async () => await pause(3), { name: 'wait' })()
    })()
    const [run, step] = await recording.steps()
    if (run === undefined || step === undefined) throw new Error('two steps expected')
    expect(run.span.startNanos).toBeLessThanOrEqual(step.span.startNanos)
    expect(step.span.startNanos).toBeLessThan(step.span.endNanos)
    expect(step.span.endNanos).toBeLessThanOrEqual(run.span.endNanos)
    expect(run.span.startNanos - before).toBeGreaterThan(-1_000_000_000n)
    expect(run.span.startNanos - before).toBeLessThan(60_000_000_000n)
  })

  test('the model is read off the request; a reader that throws does no harm', async () => {
    await model(async (_request: { model: string }) => 1, { name: 'reads', model: (request) => request.model })({ model: 'm-1' })
    await model(async (_request: { model: string }) => 1, {
      name: 'fails',
      model: () => {
        throw new Error('reader')
      },
    })({ model: 'm-1' })
    expect((await recording.step('reads')).span.name).toBe('chat m-1')
    expect((await recording.step('fails')).span.status.code).toBe(0)
  })

  test('a retriever shows its hits as documents', async () => {
    const search = retriever(async (_query: string) => [{ doc: { key: 'a', body: 'text' }, rank: 0.5 }], {
      name: 'kb',
      documents: (hits) => hits.map(({ doc, rank }) => ({ id: doc.key, score: rank, content: doc.body })),
    })
    await search('q')
    const step = await recording.step('kb')
    expect(step.attributes['gen_ai.retrieval.documents']).toBe('[{"id":"a","score":0.5,"content":"text"}]')
    expect(step.attributes['gen_ai.data_source.id']).toBe('kb')
  })

  test('documents that cannot be had do no harm', async () => {
    const search = retriever(async () => null, {
      name: 'broken',
      documents: () => {
        throw new Error('no documents in this')
      },
    })
    expect(await search()).toBeNull()
    const step = await recording.step('broken')
    expect(step.output).toBeNull()
    expect(step.attributes[ATTR.cuts]).toBe('[{"what":"documents","reason":"failed","count":1}]')
  })
})

describe('currentRun', () => {
  test('step gives back what its function returns, and records its attributes', async () => {
    const result = await instrument(async function run() {
      const sync = currentRun().step({ name: 'sync', index: 2, phase: 'warm' }, () => 5)
      const later = await currentRun().step({ kind: 'evaluation', name: 'eval' }, async (step) => {
        step.metric('accuracy', 1)
        return { accuracy: 1 }
      })
      return [sync, later]
    })()
    expect(result).toEqual([5, { accuracy: 1 }])
    const [, sync, evaluation] = await recording.steps()
    expect(sync?.kind).toBe('custom')
    expect(sync?.input).toEqual([{ index: 2, phase: 'warm' }])
    expect(sync?.attributes).toMatchObject({ [ATTR.stepIndex]: 2, 'reprise.step.phase': 'warm' })
    expect(evaluation?.kind).toBe('evaluation')
    expect(evaluation?.output).toEqual({ accuracy: 1 })
    expect(evaluation?.span.events).toMatchObject([
      {
        attributes: [
          [ATTR.metricName, 'accuracy'],
          [ATTR.metricValue, 1],
        ],
      },
    ])
  })

  test('metrics of the run stand on its root; each is a double, whatever its value', async () => {
    await instrument(async function run() {
      await currentRun().step({}, async () => {
        currentRun().metric('accuracy', 0.5)
        currentRun().metric('epochs', 3)
        currentRun().metric('loss', Number.NaN)
      })
    })()
    const [root, step] = await recording.steps()
    expect(step?.span.events).toEqual([])
    expect(root?.span.events.map(({ attributes }) => attributes[1]?.[1])).toEqual([0.5, 3, Number.NaN])
  })

  test('what programs in plain JavaScript say of steps, metrics and artifacts costs none of them its record', async () => {
    const say = (value: unknown): never => value as never
    await instrument(async function main() {
      const run = currentRun()
      run.step(say(undefined), () => 0)
      run.step(say({ index: 1n, huge: 2n ** 70n, config: { rate: 1 }, f() {}, when: new Date(0), ['k'.repeat(20_000)]: 1 }), () => 1)
      run.step(say(Object.fromEntries(Array.from({ length: 3000 }, (_, key) => [`k${key}`, key]))), () => 2)
      run.step({ name: say(5), kind: say('model') }, () => 3)
      run.step({ name: say(Symbol('no name')) }, () => 4)
      run.step({ name: 'é'.repeat(20_000) }, () => 5)
      for (const value of [Symbol('none'), Object.create(null), 3n]) run.metric(say(undefined), say(value))
      run.read(say(undefined), () => 6)
      await run.artifact(say(undefined), 'text', { mediaType: 'Text/Plain; charset=UTF-8' })
      await run.artifact('bytes', new Uint8Array(1), { mediaType: say('no\ntype') })
      tool(() => 7, { name: say({}) })()
      expect(run.random(say(5))).toBe(run.random('5'))
    })()
    const [root, ...steps] = await recording.steps()
    expect(root?.span.events.map(({ attributes }) => attributes[1]?.[1])).toEqual([Number.NaN, Number.NaN, 3])
    expect(steps.map(({ kind, name }) => [kind, String(name).slice(0, 8)])).toEqual([
      ['custom', 'step'],
      ['custom', 'step'],
      ['custom', 'step'],
      ['custom', '5'],
      ['custom', 'step'],
      ['custom', 'éééééééé'],
      ['tool', 'read'],
      ['custom', 'artifact'],
      ['custom', 'bytes'],
      ['tool', 'tool'],
    ])
    expect(steps[1]?.attributes).toMatchObject({ 'reprise.step.index': 1, 'reprise.step.huge': '1180591620717411303424' })
    expect(Object.keys(steps[2]?.attributes ?? {}).length).toBeLessThan(1024)
    expect(Buffer.byteLength(steps[5]?.span.name ?? '')).toBeLessThan(16_384)
    expect(steps[7]?.attributes[ATTR.outputMediaType]).toBe('text/plain; charset=utf-8')
    expect(steps[8]?.attributes[ATTR.outputMediaType]).toBe('application/octet-stream')
  })

  test('an effect that is none is refused when the tool is wrapped', () => {
    expect(() => tool(() => 1, { effect: 'delete' as never })).toThrow('effect: expected one of pure, read, write, found delete')
  })

  test('an artifact is kept byte for byte, as of the moment it was given', async () => {
    const weights = new Uint8Array([1, 2, 3])
    await instrument(
      async function train() {
        await currentRun().artifact('weights', weights)
        weights.fill(0)
        await currentRun().artifact('report', '# Done', { mediaType: 'text/markdown' })
      },
      { kind: 'training' },
    )()
    const [, kept, report] = await recording.steps()
    expect([kept?.kind, kept?.name]).toEqual(['checkpoint', 'weights'])
    expect(kept?.attributes).toMatchObject({
      [ATTR.artifactName]: 'weights',
      [ATTR.outputMediaType]: 'application/octet-stream',
      [ATTR.output]: new Uint8Array([1, 2, 3]),
    })
    expect(report?.attributes).toMatchObject({ [ATTR.outputMediaType]: 'text/markdown', [ATTR.output]: '# Done' })
  })

  test('a handle works where the async context was lost', async () => {
    let loose: (() => void) | undefined
    await instrument(async function run() {
      const handle = currentRun()
      loose = () => void handle.step({ name: 'loose' }, () => 1)
    })()
    loose?.()
    const [root, step] = await recording.steps()
    expect([step?.name, step?.span.parentSpanId]).toEqual(['loose', root?.span.spanId])
  })

  test('outside of a run it does nothing, harmlessly', async () => {
    const run = currentRun()
    expect(run.id).toMatch(/^0{32}$/)
    run.metric('x', 1)
    expect(run.step({ index: 1 }, (step) => (step.metric('x', 1), 'result'))).toBe('result')
    await run.artifact('x', new Uint8Array(1))
    expect(run.random('a')()).toBeLessThan(1)
    expect(await recording.steps()).toEqual([])
  })
})

describe('random numbers', () => {
  /** The documented algorithm, written down once more, plainly. */
  function reference(seed: string, name: string): () => number {
    const digest = createHash('sha256')
      .update(JSON.stringify([seed, name]))
      .digest()
    let [a, b, c, counter] = [0, 4, 8, 12].map((offset) => digest.readUInt32BE(offset)) as [number, number, number, number]
    const next = (): number => {
      const sum = (a + b + counter) % 2 ** 32
      counter = (counter + 1) % 2 ** 32
      a = (b ^ (b >>> 9)) >>> 0
      b = (c + ((c << 3) >>> 0)) % 2 ** 32
      c = ((((c << 21) | (c >>> 11)) >>> 0) + sum) % 2 ** 32
      return sum
    }
    for (let index = 0; index < 12; index++) next()
    return () => {
      const x = next()
      const y = next()
      return ((x >>> 5) * 2 ** 26 + (y >>> 6)) / 2 ** 53
    }
  }

  test('the generator is the documented one, and its first numbers are pinned', () => {
    const ours = createRandom('7', 'weights')
    const plain = reference('7', 'weights')
    for (let index = 0; index < 1000; index++) expect(ours()).toBe(plain())
    expect(Array.from({ length: 3 }, createRandom('7', 'weights'))).toEqual([0.7606880677882566, 0.9417622306791532, 0.08591391821138628])
  })

  test('one seed gives one stream per name, which goes on; another name or seed gives another', async () => {
    const draw = async (seed: number | string): Promise<number[]> =>
      await instrument(
        async function run() {
          const run = currentRun()
          return [run.random('a')(), run.random('a')(), run.random('b')(), currentRun().random('a')()]
        },
        { seed },
      )()
    const first = await draw(7)
    expect(await draw(7)).toEqual(first)
    expect(await draw('7')).toEqual(first)
    expect(await draw(8)).not.toEqual(first)
    expect(new Set(first).size).toBe(4)
    expect(first.every((number) => number >= 0 && number < 1)).toBe(true)
  })

  test('a seed that nobody gave is made up and recorded', async () => {
    await instrument(async function unseeded() {})()
    await instrument(async function unseeded() {})()
    const seeds = (await recording.steps()).map(({ attributes }) => attributes[ATTR.seed])
    expect(seeds[0]).toMatch(/^[0-9a-f]{16}$/)
    expect(seeds[0]).not.toBe(seeds[1])
  })

  test('an inner seed holds inside and is recorded there', async () => {
    const inner = instrument(async () => currentRun().random('x')(), { name: 'inner', seed: 2 })
    const outer = instrument(
      async function outer() {
        const before = currentRun().random('x')()
        return [before, await inner(), currentRun().random('x')()]
      },
      { seed: 1 },
    )
    const [before, inside, after] = await outer()
    const own = createRandom('1', 'x')
    expect([before, after]).toEqual([own(), own()])
    expect(inside).toBe(createRandom('2', 'x')())
    const [, step] = await recording.steps()
    expect(step?.attributes[ATTR.seed]).toBe('2')
  })
})
