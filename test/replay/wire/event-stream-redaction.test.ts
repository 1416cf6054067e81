import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { LiveStore } from '../live-store.ts'
import { eventFrame, readEvents } from './event-stream.ts'

const KEY = ['sk-proj-', 'Zk3vQ9'.repeat(6), 'T3BlbkFJ', 'pL8xW2'.repeat(6)].join('')
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')
const frames = [
  eventFrame('messageStart', JSON.stringify({ role: 'assistant', p: 'abcdefghi' })),
  eventFrame('contentBlockDelta', JSON.stringify({ contentBlockIndex: 0, delta: { text: 'write to jane.doe@exam' }, p: 'abcd' })),
  eventFrame('contentBlockDelta', JSON.stringify({ contentBlockIndex: 0, delta: { text: 'ple.com soon' }, p: 'abcdefgh' })),
  eventFrame('chunk', JSON.stringify({ bytes: base64({ delta: { type: 'text_delta', text: `the key is ${KEY}.` } }) })),
]
const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/vnd.amazon.eventstream')
  for (const frame of frames) response.write(frame)
  response.end()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model/m/converse-stream`
const live = await LiveStore.open({ wire: true })
afterAll(async () => {
  server.close()
  await live.close()
})

const events: string[] = []
const ask = instrument(async function ask(): Promise<number> {
  const response = await fetch(url, { method: 'POST', body: '{"messages":[]}', headers: { 'content-type': 'application/json' } })
  let count = 0
  for await (const [type, payload] of readEvents(response.body!)) {
    events.push(`${type} ${payload}`)
    count++
  }
  return count
})

it('no secret in a binary event stream is kept, and what is served in its place is a valid stream', async () => {
  expect(await ask()).toBe(4)
  const recording = await live.recordingOf()
  const kept = recording.manifest.blobs.map(({ digest }) => Buffer.from(recording.readArtifact(digest)).toString('latin1')).join('\n')
  for (const secret of ['jane.doe@exam', 'ple.com soon', KEY.slice(0, 20), base64(KEY).slice(4, 40)]) expect(kept).not.toContain(secret)
  expect(kept).toContain('contentBlockDelta')
  events.length = 0
  const verdict = await replay(recording, ask)
  expect(verdict.label, formatVerdict(verdict)).toBe('exact')
  expect(events.map((event) => event.split(' ')[0])).toEqual(['messageStart', 'contentBlockDelta', 'contentBlockDelta', 'chunk'])
  expect(events.join('')).not.toMatch(/jane|sk-proj/)
})
