import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { replay } from '../../../src/replay/index.ts'
import { RepriseError } from '../../../src/schemas/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { emptyRun } from './empty-run.ts'

it('denies requests on an HTTP/2 session that was open before, which lives on for the rest of the process', async () => {
  let requests = 0
  const server = http2.createServer().on('stream', (stream) => {
    requests++
    stream.respond({ ':status': 200 })
    stream.end('alive')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await once(session, 'connect')
  const ask = async (): Promise<string> => {
    let text = ''
    for await (const chunk of session.request({ ':path': '/?key=secret' }).setEncoding('utf8')) text += chunk as string
    return text
  }
  expect(await ask()).toBe('alive')
  const original: unknown = Reflect.get(session, 'request')
  let outcome: unknown
  const verdict = await replay(
    await emptyRun(),
    instrument(async function leaky() {
      outcome = await ask().catch((error: unknown) => error)
      return 'done'
    }),
  )
  expect(RepriseError.isInstance(outcome) && outcome.code, String(outcome)).toBe('replay_diverged')
  expect(requests).toBe(1)
  expect(verdict.counts.socketsDenied).toBe(1)
  expect(verdict.divergences[0]?.message).toContain('http2.ClientHttp2Session.request to 127.0.0.1')
  expect(verdict.divergences[0]?.message).toContain('http2.test.ts')
  expect(verdict.divergences[0]?.message).not.toContain('secret')
  expect(Reflect.get(session, 'request')).toBe(original)
  expect(await ask()).toBe('alive')
  session.close()
  server.close()
})
