import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeTraces } from '../../src/otlp/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { ExitBench, freePort, spooledBodies, spooledSpans, startRawServer } from './exit-programs.ts'
import { attributesOf, type FakeCollector, startFakeCollector, stepOf, stepsOf } from './fake-collector.ts'

const bench = new ExitBench()
let collector: FakeCollector
let stores = 0
beforeEach(async () => {
  collector = await startFakeCollector()
})
afterEach(async () => await collector.close())
afterAll(() => bench.remove())

const envOf = (more: Record<string, string> = {}): Record<string, string> => ({
  REPRISE_ENDPOINT: collector.url,
  REPRISE_STORE: bench.store(`store-${stores++}`),
  REPRISE_EXIT_TIMEOUT_MILLIS: '20000',
  ...more,
})

/** Names with how often they came; every span id once. */
function namesSeen(): Record<string, number> {
  const steps = stepsOf(collector)
  expect(new Set(steps.map(({ span }) => span.spanId)).size).toBe(steps.length)
  const counts: Record<string, number> = {}
  for (const { name } of steps) counts[String(name)] = (counts[String(name)] ?? 0) + 1
  return counts
}

describe('every call is recorded once', () => {
  test('in a cluster: each process sends its own', async () => {
    const program = `
      import cluster from 'node:cluster'
      import { instrument, tool } from 'reprise'
      const ask = tool(async () => process.pid, { name: cluster.isPrimary ? 'primary' : 'worker' })
      await instrument(async () => { await ask(); await ask() }, { name: 'main' })()
      if (cluster.isPrimary) {
        for (let index = 0; index < 2; index++) cluster.fork()
        let left = 2
        cluster.on('exit', (worker, code) => { console.log('worker', code); if (--left === 0) console.log('done') })
      } else process.exit(7)`
    const end = await bench.run(program, { env: envOf() })
    expect(end).toMatchObject({ code: 0, stdout: 'worker 7\nworker 7\ndone\n', stderr: '' })
    expect(namesSeen()).toEqual({ main: 3, primary: 2, worker: 4 })
  })

  test('with child_process.fork: the child inherits nothing that it would send again', async () => {
    const program = `
      import { fork } from 'node:child_process'
      import { fileURLToPath } from 'node:url'
      import { instrument, tool } from 'reprise'
      const isChild = process.argv[2] === 'child'
      const ask = tool(async () => 1, { name: isChild ? 'child' : 'parent' })
      await ask()
      if (!isChild) {
        const child = fork(fileURLToPath(import.meta.url), ['child'])
        await new Promise((resolve) => child.once('exit', resolve))
        await ask()
      }`
    expect(await bench.run(program, { env: envOf() })).toMatchObject({ code: 0, stderr: '' })
    expect(namesSeen()).toEqual({ child: 1, parent: 2 })
  })

  test.each([
    ['ends', ''],
    ['exits', 'process.exit(0)'],
    ['throws', "throw new Error('in the thread')"],
  ])('in a thread that %s', async (_, end) => {
    const program = `
      import { isMainThread, Worker } from 'node:worker_threads'
      import { tool } from 'reprise'
      const ask = tool(async () => 1, { name: isMainThread ? 'main' : 'thread' })
      await ask()
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url))
        worker.on('error', (error) => console.log('error', error.message))
        await new Promise((resolve) => worker.once('exit', resolve))
        await ask()
      } else { ${end} }`
    const result = await bench.run(program, { env: envOf() })
    expect({ code: result.code, stdout: result.stdout, stderr: result.stderr }).toEqual({
      code: 0,
      stdout: end.includes('throw') ? 'error in the thread\n' : '',
      stderr: '',
    })
    expect(namesSeen()).toEqual({ main: 2, thread: 1 })
  })

  test.each(['return', 'exit', 'term'])('with the package loaded twice, from two places, at an end by %s', async (how) => {
    const program = `
      import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
      import { join } from 'node:path'
      import { instrument, tool } from 'reprise'
      const copy = join(process.cwd(), 'copy-${how}')
      mkdirSync(copy)
      const root = process.env.PROJECT
      for (const room of ['schemas', 'otlp', 'redaction', 'adapters', 'sdk']) cpSync(join(root, 'src', room), join(copy, 'src', room), { recursive: true })
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
      cpSync(join(root, 'package.json'), join(copy, 'package.json'))
      const other = await import(join(copy, 'src/sdk/index.ts'))
      const again = await import('reprise')
      if (other.tool === tool || again.tool !== tool) throw new Error('not what the test is about')
      const ask = tool(async () => 'a', { name: 'ours' })
      const askToo = other.tool(async () => 'b', { name: 'theirs' })
      await other.instrument(async function main() {
        await ask()
        await askToo()
        await other.tool(ask, { name: 'ours again' })()
      })()
      console.log(process.listenerCount('exit'), process.listenerCount('beforeExit'), process.listenerCount('SIGTERM'))
      if (${JSON.stringify(how)} === 'exit') process.exit(0)
      if (${JSON.stringify(how)} === 'term') { process.kill(process.pid, 'SIGTERM'); await new Promise((resolve) => setTimeout(resolve, 5000)) }`
    const end = await bench.run(program, { env: envOf({ PROJECT: process.cwd() }) })
    expect({ code: end.code, signal: end.signal, stdout: end.stdout, stderr: end.stderr }).toEqual({
      code: how === 'term' ? null : 0,
      signal: how === 'term' ? 'SIGTERM' : null,
      stdout: '1 1 1\n',
      stderr: '',
    })
    expect(namesSeen()).toEqual({ main: 1, ours: 2, theirs: 1 })
  })

  test('with a module that is loaded anew again and again', async () => {
    const program = `
      import { writeFileSync } from 'node:fs'
      import { pathToFileURL } from 'node:url'
      import { tool } from 'reprise'
      const file = process.cwd() + '/reloaded.mjs'
      writeFileSync(file, "import { tool } from '" + process.env.SDK + "'; export const ask = tool(async (version) => version, { name: 'ask' })")
      for (let version = 0; version < 5; version++) {
        const { ask } = await import(pathToFileURL(file) + '?v=' + version)
        await ask(version)
        await import(process.env.SDK + '?v=' + version)
      }
      console.log(process.listenerCount('exit'), process.listenerCount('SIGINT'))`
    const SDK = new URL('../../src/sdk/index.ts', import.meta.url).href
    expect(await bench.run(program, { env: envOf({ SDK }) })).toMatchObject({ code: 0, stdout: '1 1\n', stderr: '' })
    expect(namesSeen()).toEqual({ ask: 5 })
  })
})

describe('what a killed or frozen program leaves', () => {
  test('SIGKILL and abort: the run shows where it was, without any other traffic', async () => {
    const program = `
      import { instrument, tool } from 'reprise'
      const slow = tool(() => new Promise((resolve) => setTimeout(resolve, 60_000)), { name: 'slow' })
      const quick = tool(async () => 1, { name: 'quick' })
      await instrument(async function main() { await quick(); await slow() })()`
    const running = bench.run(program, {
      env: envOf({ REPRISE_FLUSH_INTERVAL_MILLIS: '50' }),
      signalWhen: () => collector.spans.length >= 3,
      signal: 'SIGKILL',
    })
    const end = await running
    expect(end.signal).toBe('SIGKILL')
    const steps = collector.spans.map(stepOf)
    expect(steps.map(({ name, pending }) => `${String(name)}${pending ? ', open' : ''}`).sort()).toEqual([
      'main, open',
      'quick',
      'slow, open',
    ])
    expect(steps.find(({ name }) => name === 'slow')?.input).toEqual([])
  })

  test('a second signal while the last steps are being sent ends it no sooner', async () => {
    const program = `
      import { writeFileSync } from 'node:fs'
      import { tool } from 'reprise'
      await tool(async () => 1, { name: 'ask' })()
      writeFileSync('second-signal', '')
      setInterval(() => {}, 1000)`
    let child: ChildProcess | undefined
    const server = await startRawServer((socket) =>
      socket.once('data', () => {
        child?.kill('SIGINT')
        // What is not taken is spooled after that.
        socket.destroy()
      }),
    )
    const env = envOf({ REPRISE_ENDPOINT: server.url, REPRISE_EXIT_TIMEOUT_MILLIS: '20000', REPRISE_FLUSH_INTERVAL_MILLIS: '3600000' })
    const end = await bench.run(program, {
      env,
      signal: 'SIGINT',
      signalWhen: () => existsSync(join(bench.folder, 'second-signal')),
      onSignal: (signalled) => {
        child = signalled
      },
    })
    server.close()
    expect(end).toMatchObject({ signal: 'SIGINT', stderr: expect.stringMatching(/^reprise: 1 step kept in /) as string })
    expect(spooledSpans(env['REPRISE_STORE']!).map(({ name }) => name)).toEqual(['execute_tool ask'])
  })

  test('a program that exits while its last steps are being sent keeps them', async () => {
    const program = `
      import { tool } from 'reprise'
      await tool(async () => 1, { name: 'ask' })()
      // Keeps nothing alive, and so comes in the middle of what does: the sending.
      setTimeout(() => process.exit(4), 200).unref()`
    const mute = await startRawServer()
    const env = envOf({ REPRISE_ENDPOINT: mute.url, REPRISE_EXIT_TIMEOUT_MILLIS: '4000' })
    const end = await bench.run(program, { env })
    mute.close()
    expect(end).toMatchObject({ code: 4, stderr: expect.stringMatching(/^reprise: 1 step kept in /) as string })
    expect(spooledSpans(env['REPRISE_STORE']!).map(({ name }) => name)).toEqual(['execute_tool ask'])
  })

  test('a program that is stopped in the middle of sending goes on where it was', async () => {
    let answer: (() => void) | undefined
    collector.answer = (_request, response, body) => {
      for (const { scopeSpans } of decodeTraces(body, 'protobuf').resourceSpans)
        for (const { spans } of scopeSpans) collector.spans.push(...spans)
      answer = () => response.writeHead(200).end()
    }
    const program = `
      import { flush, instrument, tool } from 'reprise'
      const ask = tool(async () => 1, { name: 'ask' })
      await instrument(async function main() { await ask() })()
      console.log(JSON.stringify(await flush()))
      await ask()`
    const running = bench.run(program, {
      env: envOf({ REPRISE_FLUSH_INTERVAL_MILLIS: '3600000', REPRISE_FLUSH_TIMEOUT_MILLIS: '300' }),
      signalWhen: () => answer !== undefined,
      signal: 'SIGSTOP',
      onSignal: (child) => {
        // Frozen for longer than a try may take; what was open is gone when it goes on.
        setTimeout(() => {
          collector.answer = undefined
          answer?.()
          child.kill('SIGCONT')
        }, 600)
      },
    })
    const end = await running
    expect(end).toMatchObject({ code: 0, stderr: '' })
    const report = JSON.parse(end.stdout) as { sent: number; failed: number; dropped: number }
    expect(report.sent + report.failed).toBe(2)
    // What was under way may have come twice, under the same ids: the collector shows it once.
    const names = new Map(stepsOf(collector).map(({ span, name }) => [span.spanId, name]))
    expect([...names.values()].sort()).toEqual(['ask', 'ask', 'main'])
  })
})

test.each(['short', 'long'])('the next program sends what the last ones left, once: a %s one', async (how) => {
  const port = await freePort()
  const env = {
    REPRISE_ENDPOINT: `http://127.0.0.1:${port}`,
    REPRISE_STORE: bench.store(`next-${how}`),
    REPRISE_FLUSH_INTERVAL_MILLIS: '50',
  }
  const program = (name: string, end: string): string => `
    import { tool } from 'reprise'
    await tool(async () => 1, { name: '${name}' })()
    ${end}`
  await bench.run(program('first', ''), { env })
  await bench.run(program('second', 'process.exit(0)'), { env })
  const later = await startFakeCollector({ port })
  try {
    // As long as it takes the recorder to find the spool on its own.
    const wait =
      how === 'long'
        ? `const { readdirSync } = await import('node:fs')
           while (readdirSync(process.env.REPRISE_STORE + '/spool').some((name) => /spool$|claimed$/.test(name))) await new Promise((resolve) => setTimeout(resolve, 20))
           process.exit(0)`
        : ''
    const end = await bench.run(program('third', wait), { env: { ...env, REPRISE_EXIT_TIMEOUT_MILLIS: '20000' } })
    expect(end).toMatchObject({ code: 0, stderr: '' })
    expect(
      stepsOf(later)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['first', 'second', 'third'])
    expect(spooledBodies(env.REPRISE_STORE)).toEqual([])
  } finally {
    await later.close()
  }
})

test('flush resolves with the acknowledgement and not before', async () => {
  let acknowledged = 0
  collector.answer = (_request, response) => {
    setTimeout(() => {
      acknowledged = Date.now()
      response.writeHead(200).end()
    }, 150)
  }
  const program = `
    import { flush, tool } from 'reprise'
    await tool(async () => 1, { name: 'ask' })()
    const report = await flush()
    console.log(JSON.stringify([Date.now(), report]))`
  const end = await bench.run(program, { env: envOf() })
  const [flushed, report] = JSON.parse(end.stdout) as [number, unknown]
  expect(report).toEqual({ sent: 1, failed: 0, dropped: 0 })
  expect(flushed).toBeGreaterThanOrEqual(acknowledged)
})

test('batches of a recorder are numbered from 0 without a hole, sent or spooled, and a resend keeps its number', async () => {
  const store = bench.store('numbered')
  let posts = 0
  const seen: [unknown, unknown][] = []
  const numbersOf = (body: Uint8Array): [unknown, unknown] => {
    const { attributes } = decodeTraces(body, 'protobuf').resourceSpans[0]?.resource ?? { attributes: [] }
    const found = attributesOf({ attributes })
    return [found[ATTR.senderId], found[ATTR.senderSequence]]
  }
  collector.answer = (request, response, body) => {
    posts++
    seen.push(numbersOf(body))
    // The second is refused once; from the fourth on the connection breaks.
    if (posts > 3) return void request.socket.destroy()
    response.writeHead(posts === 2 ? 503 : 200, { 'retry-after': '0' }).end()
  }
  const program = `
    import { flush, tool } from 'reprise'
    const ask = tool(async () => 1, { name: 'ask' })
    for (let batch = 0; batch < 2; batch++) { await ask(); await flush() }
    await ask()
    await flush()
    await ask()`
  await bench.run(program, {
    env: {
      REPRISE_ENDPOINT: collector.url,
      REPRISE_STORE: store,
      REPRISE_EXIT_TIMEOUT_MILLIS: '20000',
    },
  })
  const spooled = spooledBodies(store).map(numbersOf)
  const all = [...seen, ...spooled]
  expect(new Set(all.map(([id]) => id)).size).toBe(1)
  expect(all[0]?.[0]).toMatch(/^[0-9a-f]{32}$/)
  expect(seen.slice(0, 3).map(([, number]) => number)).toEqual([0, 1, 1])
  expect([...new Set(all.map(([, number]) => Number(number)))].sort()).toEqual([0, 1, 2, 3])
  expect(spooled.map(([, number]) => number)).toEqual([2, 3])
})
