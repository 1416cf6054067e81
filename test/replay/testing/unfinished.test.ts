import { createServer, get as httpGet, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRecorded, type RecordedTests } from '../../../src/replay/index.ts'
import { instrument, model } from '../../../src/sdk/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { listening } from '../wire/model-server.ts'

let url = ''
let close = async (): Promise<void> => {}
let answers = 0
/** Answers after so many milliseconds, and never to /never. */
const server = createServer((request, response) => {
  const answer = (): void => void response.end(JSON.stringify({ number: ++answers, path: request.url }))
  if (request.url !== '/never') setTimeout(answer, Number(request.url?.slice(1)))
})
const read = async (path: string): Promise<unknown> => await (await fetch(`${url}${path}`)).json()
const wrapped = model(read, { name: 'read' })

const PROGRAMS: Readonly<Record<string, () => Promise<unknown>>> = {
  'a race': async () => await Promise.race([read('/10'), read('/never')]),
  'a race of wrapped calls': async () => await Promise.race([wrapped('/10'), wrapped('/never')]),
  'a fetch that nobody waits for': async () => {
    void read('/never').catch(() => {})
    return await read('/5')
  },
  'a wrapped call that nobody waits for': async () => {
    void wrapped('/never').catch(() => {})
    return 1
  },
  'a request of node:http that nobody waits for': async () => {
    httpGet(`${url}/never`).on('error', () => {})
    return await read('/5')
  },
  'a request that is called off at the end': async () => {
    const request = httpRequest(`${url}/never`).on('error', () => {})
    request.end()
    const result = await read('/20')
    request.destroy()
    return result
  },
  'a failure while another call goes on': async () => {
    const failing = async (): Promise<never> => {
      await read('/5')
      throw new Error('too early')
    }
    try {
      return await Promise.all([read('/never'), failing()])
    } catch (error) {
      return String(error)
    }
  },
}

describe('what has not ended when the run does', () => {
  let folder = ''
  let recording: RecordedTests
  beforeAll(async () => {
    folder = await temporaryFolder()
    const listens = await listening(server)
    url = listens.url
    close = listens.close
    recording = openRecorded({ file: join(folder, 'program.ts'), update: 'all', wire: true })
  })
  afterAll(async () => {
    await recording.close()
    await close()
  })

  it.each(Object.entries(PROGRAMS))('is recorded, and replays: %s', async (name, run) => {
    const program = instrument(run, { name })
    const recorded = await recording.of(name)(program)
    const before = answers
    const replaying = openRecorded({ file: join(folder, 'program.ts'), update: 'none', wire: true })
    for (let time = 0; time < 2; time++) expect(await replaying.of(name)(program)).toEqual(recorded)
    expect(answers).toBe(before)
  })
})
