import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RecordingBuilder } from '../replay/recording-builder.ts'
import { temporaryFolder } from '../replay/temporary-folder.ts'
import { runCli } from './run-cli.ts'

const module = fileURLToPath(new URL('./offline-program.ts', import.meta.url))
const folder = await temporaryFolder()
let server: http.Server
let port = 0
let requests = 0
beforeAll(async () => {
  const builder = new RecordingBuilder()
  builder.step(undefined, { kind: 'run', name: 'leaky', output: 'done' })
  await builder.write(folder)
  server = http.createServer((_request, response) => void response.end(String(++requests)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => void server.close())

const replay = (env: Record<string, string>, ...args: string[]) =>
  runCli(['replay', folder, '--module', module, '--export', 'leaky', ...args], { env })

describe('reprise replay denies the network to its whole process', () => {
  it('and fails for what a module attempts when it is loaded, saying where and which flag lets it', async () => {
    const { code, stdout, stderr } = await replay({ REPRISE_TEST_PORT: String(port) })
    expect(stdout).toContain('exact  leaky')
    expect(stdout).not.toContain('answered')
    expect(stderr).toContain(`outside of the replayed run: http.Agent.addRequest to 127.0.0.1:${port} was denied`)
    expect(stderr).toContain('offline-program.ts')
    expect(stderr).toContain('--allow-net HOST[:PORT]')
    expect(stderr).not.toContain('secret')
    expect(code).toBe(4)
    expect(requests).toBe(0)
  })

  it('but for what is allowed', async () => {
    const { code, stdout, stderr } = await replay({ REPRISE_TEST_PORT: String(port) }, '--allow-net', `127.0.0.1:${port}`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('loaded: answered')
    expect(requests).toBe(1)
  })

  it('says nothing where nothing is attempted, a recorder that is started among it', async () => {
    const { code, stdout, stderr } = await replay({})
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('exact  leaky')
  })

  it('refuses --allow-net where nothing is denied', async () => {
    const { code, stderr } = await replay({}, '--mode', 'cached', '--on-miss', 'live', '--allow-net', 'localhost')
    expect(code).toBe(2)
    expect(stderr).toContain('--allow-net')
  })
})
