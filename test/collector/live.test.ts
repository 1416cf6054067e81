import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { liveEventOf } from '../../src/collector/live/live-event.ts'
import { LiveFeed } from '../../src/collector/live/live-feed.ts'
import { API_SCHEMAS } from '../../src/schemas/public.ts'
import type { TapeHead, TapeReader } from '../../src/store/index.ts'
import { send, stepOf, traceOf } from './api-support.ts'
import { Bench, getJson, NO_THREADS, until } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

describe('an event of the live feed', () => {
  it.each([
    [{ 'gen_ai.request.model': 'm', 'llm.model_name': 'n' }, 'm'],
    [{ 'llm.model_name': 'n' }, 'n'],
    [{ 'langfuse.observation.model.name': 'n' }, 'n'],
    [{ 'gen_ai.request.model': 7 }, undefined],
  ])('names the model of %o', (attributes, model) => {
    const core = { schema: 'reprise.span/1', namespace: 'local', kind: 'model', attributes }
    expect(liveEventOf(JSON.stringify({ core, refs: [] }))?.model).toBe(model)
  })
})

describe('the live feed', () => {
  async function follow(
    collector: Collector,
    query = '',
    headers: Record<string, string> = {},
  ): Promise<{ response: IncomingMessage; text: () => string }> {
    const request = get(`${collector.url}/api/v1/live${query}`, { headers })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    return { response, text: () => text }
  }
  /** Counts records, and notes what it is told that it missed, after how many of them. */
  async function count(url: string): Promise<{ response: IncomingMessage; records: number; lagged: { after: number; data: unknown }[] }> {
    const [response] = (await once(get(url), 'response')) as [IncomingMessage]
    const seen = { response, records: 0, lagged: [] as { after: number; data: unknown }[] }
    let rest = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        if (block.startsWith('event: gap\n')) seen.records++
        const data = /^event: lagged\ndata: (.*)$/.exec(block)?.[1]
        if (data !== undefined) seen.lagged.push({ after: seen.records, data: JSON.parse(data) as unknown })
      }
    })
    return seen
  }
  const events = (text: string): { event: string; id: string | undefined; data: unknown }[] =>
    text
      .slice(0, text.lastIndexOf('\n\n') + 2)
      .split('\n\n')
      .filter((block) => block.includes('data: '))
      .map((block) => ({
        event: /^event: (.*)$/m.exec(block)?.[1] ?? '',
        id: /^id: (.*)$/m.exec(block)?.[1],
        data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null') as unknown,
      }))

  it('sends records once they are durable, and resumes after the last one that came', async () => {
    const collector = await bench.collector()
    await send(collector, [stepOf(1, 0)])
    const all = await follow(collector)
    const one = await follow(collector, `?run=${traceOf(3)}`)
    expect(all.response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    await send(collector, [stepOf(2, 0), stepOf(2, 1)])
    await send(collector, [stepOf(3, 0)])
    await until('three events', () => events(all.text()).length === 3)
    const seen = events(all.text())
    for (const { data } of seen) API_SCHEMAS.LiveEvent.parse(data)
    expect(seen).toMatchObject([
      { event: 'step', data: { name: 'answer 2', runId: traceOf(2), kind: 'run' } },
      { event: 'step', data: { name: 'lookup' } },
      { event: 'step', data: { name: 'answer 3' } },
    ])
    await until('one event', () => events(one.text()).length === 1)
    all.response.destroy()
    one.response.destroy()

    await send(collector, [stepOf(4, 0)])
    const again = await follow(collector, '', { 'last-event-id': seen[1]!.id! })
    await send(collector, [stepOf(5, 0)])
    await until('what came since', () => events(again.text()).length === 3)
    expect(events(again.text()).map(({ data }) => (data as { name: string }).name)).toEqual(['answer 3', 'answer 4', 'answer 5'])
    again.response.destroy()

    // The connection ended between two records that were sent together.
    const middle = await follow(collector, '', { 'last-event-id': seen[0]!.id! })
    await until('the rest', () => events(middle.text()).length === 4)
    expect(events(middle.text())[0]).toMatchObject({ data: { name: 'lookup' } })
    middle.response.destroy()
  })

  it('leaves a slow reader out, tells it how much it missed, and holds nobody up', async () => {
    // A tape of long records, so that no buffer of the system's takes what a slow reader leaves.
    const lineOf = (count: number): string =>
      JSON.stringify({ core: { schema: 'reprise.gap/1', namespace: 'local', reason: 'r'.repeat(4_000), count }, refs: [] })
    const each = 100
    let head = -1
    let announce: (head: TapeHead) => void = () => undefined
    const tape: TapeReader = {
      head: () => ({ group: head, digest: `sha256:${'0'.repeat(64)}` }),
      readGroups: async function* (from) {
        for (let group = from; group <= head; group++)
          yield { group, lines: Array.from({ length: each }, (_, line) => lineOf(group * each + line)) }
      },
      readLine: () => '',
      onCommit: (listener) => {
        announce = listener
        return () => undefined
      },
    }
    const commit = (groups: number): void => {
      head += groups
      announce(tape.head())
    }
    const feed = new LiveFeed({ tape, namespace: 'local' })
    const { url, server } = await bench.backend((request, _, response) => feed.serve(request, response))
    const slow = await count(url)
    slow.response.pause()
    const fast = await count(url)
    await until('both readers', () => feed.readers === 2)
    commit(60)
    await until('all of it', () => fast.records === 60 * each, 30_000)
    expect(fast.lagged).toEqual([])
    slow.response.resume()
    // Told once the connection has been read out, also where nothing else comes.
    await until('lagged', () => slow.lagged.length > 0)
    const [lagged] = slow.lagged
    const { records } = API_SCHEMAS.LiveLagged.parse(lagged?.data)
    expect(records).toBeGreaterThan(0)
    expect((lagged?.after ?? 0) + records).toBeGreaterThanOrEqual(60 * each)

    // A feed that is far behind skips to the present, and says so to everybody.
    commit(2_000)
    await until('groups left out', () => fast.lagged.some(({ data }) => API_SCHEMAS.LiveLagged.parse(data).groups > 0))
    feed.close()
    server.closeAllConnections()
  }, 60_000)

  it('refuses what it does not know, and ends when the collector closes', async () => {
    const collector = await bench.collector()
    expect(await getJson(collector, '/api/v1/live?run=x')).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('run: expected') } },
    })
    const reader = await follow(collector)
    const ended = once(reader.response, 'close')
    await collector.close()
    await ended
  })
})
