import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { startMessagesServer } from '../wire/messages-server.ts'
import { startModelServer } from '../wire/model-server.ts'
import { openSuite, recordingsOf, runVitest, type Told } from './vitest-suite.ts'

const CONFIG = `export default {
  resolve: { conditions: ['reprise-source'] },
  ssr: { resolve: { conditions: ['reprise-source', 'node', 'import', 'default'] } },
  test: { server: { deps: { external: [/\\/src\\//] } }, include: ['*-program.ts'], setupFiles: ['reprise/register'], execArgv: ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning'] },
}
`
const KEY = 'sk-proj-Zx81hTQ0vLw3Rk7MfYp2Ne9UaBcD4sGj6HoKq5Wt'
const dead = fileURLToPath(new URL('stranger/dead-network.cjs', import.meta.url))
const linesOf = async (file: string): Promise<string[]> => (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1)

describe("a stranger's tests, with the real clients of two providers", () => {
  let folder = ''
  let recorded: Told
  let requests = 0
  let env: Record<string, string> = {}
  // By a name, which somebody has to look up.
  const named = (url: string): string => url.replace('127.0.0.1', 'localhost')

  beforeAll(async () => {
    folder = await openSuite(new URL('stranger', import.meta.url), CONFIG, ['vitest', 'openai', '@anthropic-ai/sdk'])
    const [chat, messages] = [await startModelServer(), await startMessagesServer()]
    env = { OPENAI_URL: named(chat.url), ANTHROPIC_URL: named(messages.url) }
    recorded = await runVitest(folder, { ...env, KEY, RESULTS: join(folder, 'recorded') })
    requests = chat.requests.length + messages.keys.length
    await Promise.all([chat.close(), messages.close()])
  }, 60_000)

  it('are recorded once', async () => {
    expect(recorded.code, recorded.output).toBe(0)
    expect(await recordingsOf(folder)).toHaveLength(2)
    // Three streams, two turns of the tool, three attempts each of what was busy, one that is bad, and one stream beneath a wrapped call.
    expect(requests).toBe(13)
  })

  it('give the same with the servers gone, no name found and a key that opens nothing', async () => {
    const told = await runVitest(folder, {
      ...env,
      CI: 'true',
      RESULTS: join(folder, 'replayed'),
      ATTEMPTS: join(folder, 'attempts'),
      NODE_OPTIONS: `--require=${dead}`,
    })
    expect(told.code, told.output).toBe(0)
    const results = await linesOf(join(folder, 'recorded'))
    expect(results).toHaveLength(2)
    expect(await linesOf(join(folder, 'replayed'))).toEqual(results)
    expect(await linesOf(join(folder, 'attempts'))).toEqual([])
  })
})
