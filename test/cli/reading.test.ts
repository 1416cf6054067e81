import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { API_SCHEMAS, runSummarySchema, spanRecordSchema } from '../../src/schemas/public.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { appendSpans, hexOf, prepareGap, sketchOf } from '../store/support/records.ts'
import { ROOT, runCli, spawnCli, startUp } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-cli-'))
const dir = join(folder, 'store')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (index: number): string => hexOf(32, 'cli', index)
const HOSTILE = 'red\u001b[31m\u0007\u202ename'

async function fill(store: Store): Promise<void> {
  for (let index = 1; index <= 6; index++) {
    const start = BigInt(index) * 1_000_000_000n
    await appendSpans(
      store,
      sketchOf(run(index), 0, {
        stepName: index === 6 ? HOSTILE : `answer ${index}`,
        startNanos: String(start),
        endNanos: String(start + 5_000_000n),
        attributes: { 'reprise.tag.env': index % 2 === 0 ? 'prod' : 'dev', 'session.id': `s-${index % 3}` },
        ...(index === 4 && { status: { code: 'error' as const } }),
      }),
      sketchOf(run(index), 1, {
        kind: 'model',
        startNanos: String(start + 1n),
        stepName: `ask ${index}`,
        attributes: { 'gen_ai.request.model': `model-${index % 2}`, 'gen_ai.usage.cost': index / 10 },
        content: { input: '"a question"', output: '"an answer\\u001b[2J"' },
      }),
      sketchOf(run(index), 2, { startNanos: String(start + 2n), parentSpanId: hexOf(16, run(index), 1) }),
    )
  }
  await store.append({ records: [prepareGap({ runId: run(2), count: 7, reason: 'queue-full' })], blobs: [] })
}

beforeAll(async () => {
  const store = await openStore(dir, { mode: 'write' })
  await fill(store)
  await store.close()
})

async function names(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runCli(['runs', '--store', dir, '--json', ...args])
  expect({ code, stderr: stderr.replace(/^(more: .*|no such runs)\n/, '') }).toEqual({ code: 0, stderr: '' })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => runSummarySchema.parse(JSON.parse(line)).name)
}

describe('reprise runs', () => {
  it.each([
    [
      ['--tag', 'env=prod', '--name', 'ANSWER'],
      ['answer 4', 'answer 2'],
    ],
    [['--model', 'model-1', '--session', 's-2'], ['answer 5']],
    [['--status', 'error'], ['answer 4']],
    [['--since', '1970-01-01T00:00:04Z', '--until', '5000000000'], ['answer 4']],
    [['--since', '1h'], []],
    [
      ['--min-cost', '0.2', '--max-cost', '0.3'],
      ['answer 3', 'answer 2'],
    ],
    [['--text', 'ask 3'], ['answer 3']],
    [
      ['--name-prefix', 'answer', '--limit', '2'],
      ['answer 5', 'answer 4'],
    ],
  ])('%j gives %j', async (args, expected) => expect(await names(...args)).toEqual(expected))

  it.each([
    [['--kind', 'llm'], 'Expected one of run, agent'],
    [['--status', 'good'], 'Expected one of ok, error'],
    [['--since', 'yesterday'], 'Expected a time such as'],
    [['--min-cost', 'much'], 'Expected an amount'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stderr } = await runCli(['runs', '--store', dir, ...args])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('goes on with a cursor, and is quiet when its reader goes away', async () => {
    const { stderr } = await runCli(['runs', '--store', dir, '--limit', '4'])
    const cursor = /^more: --cursor (\S+)$/m.exec(stderr)?.[1] ?? ''
    expect(await names('--cursor', cursor)).toEqual(['answer 2', 'answer 1'])
    const { code, stderr: complaint } = await runCli(['runs', '--store', dir, '--cursor', 'x'])
    expect({ code, complaint }).toEqual({ code: 2, complaint: expect.stringContaining('cursor: expected') })

    const child = spawnCli(['show', run(1), '--store', dir, '--json'])
    child.stdout?.destroy()
    let noise = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (noise += text))
    const [code2] = (await once(child, 'close')) as [number | null]
    expect({ code: code2, noise }).toEqual({ code: 0, noise: '' })
  })
})

describe('reprise show', () => {
  it('tells what is missing, and shows steps by window', async () => {
    const { stdout } = await runCli(['show', run(2).slice(0, 10), '--store', dir])
    expect(stdout).toContain('missing: 7 spans (queue-full)')
    expect(stdout).toContain('session s-2 · #env=prod')
    expect(stdout).toContain('· $0.2000')
    const steps = async (...args: string[]): Promise<unknown[]> => {
      const { stdout: lines } = await runCli(['show', run(1), '--store', dir, '--json', ...args])
      const [, ...records] = lines.trim().split('\n')
      return records.map((line) => spanRecordSchema.parse(JSON.parse(line)).core.sequence)
    }
    expect(await steps()).toEqual([0, 1, 2])
    expect(await steps('--kind', 'model')).toEqual([1])
    expect(await steps('--max-depth', '1')).toEqual([0, 1])
    expect(await steps('--from-sequence', '1', '--to-sequence', '1')).toEqual([1])
    // The number that the list shows is one to ask by.
    const { stdout: list } = await runCli(['show', run(1), '--store', dir])
    expect(list).toMatch(/^ {3}0 {2}run /m)
    expect(list).toMatch(/^ {3}1 {4}model /m)
    const { stdout: one } = await runCli(['show', run(1), '--store', dir, '--step', '1', '--json'])
    expect(spanRecordSchema.parse(JSON.parse(one.split('\n')[0] ?? '')).core.spanId).toBe(hexOf(16, run(1), 1))
    expect(await runCli(['show', run(1), '--store', dir, '--step', '77'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no step 77'),
    })
  })

  it('shows steps without a number by the first letters of their ids, many contents as a sum', async () => {
    const place = join(folder, 'foreign')
    const store = await openStore(place, { mode: 'write' })
    const foreign = { runId: run(7), fidelity: 'observed', startNanos: '9000000000' } as const
    const many = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`/attributes/message.${index}`, `"word ${index}"`]))
    await appendSpans(
      store,
      { ...foreign, spanId: 'abc123000000000a', parentSpanId: 'f000000000000001' },
      { ...foreign, spanId: 'abc123000000000b', parentSpanId: 'f000000000000001', content: many },
      { ...foreign, spanId: 'f000000000000001', name: 'foreign' },
    )
    await store.close()
    const { stdout: list } = await runCli(['show', run(7), '--store', place])
    // They began together: the parent comes first nevertheless.
    expect(list).toMatch(/^f00000 {2}\w.*\nabc123 {4}\w.*\nabc123 {4}\w.* 5 contents 40 B$/m)
    expect(list).not.toContain('/attributes/')
    const { stdout: one } = await runCli(['show', run(7), '--store', place, '--step', 'F0', '--json'])
    expect(spanRecordSchema.parse(JSON.parse(one.split('\n')[0] ?? '')).core.spanId).toBe('f000000000000001')
    const { stdout: contents } = await runCli(['show', run(7), '--store', place, '--step', 'abc123000000000b'])
    expect(contents).toContain('/attributes/message.4')
    expect(await runCli(['show', run(7), '--store', place, '--step', 'abc123'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('more than one step of run'),
    })
  })

  it('shows one step with its content, and no escape sequence of anybody', async () => {
    const { stdout } = await runCli(['show', run(6), '--store', dir, '--step', hexOf(16, run(6), 1)])
    expect(stdout).toContain('"a question"')
    // A JSON text holds its own escapes; the bytes of the control characters themselves never come out.
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    const { stdout: list } = await runCli(['runs', '--store', dir])
    expect(list).toContain('red\\u001b[31m\\u0007\\u202ename')
    expect(list).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    const none = await runCli(['show', run(6), '--store', dir, '--step', `${'0'.repeat(15)}9`])
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no step') })
  })
})

describe('reprise tail', () => {
  async function lines(child: ChildProcess, count: number): Promise<string[]> {
    let text = ''
    child.stdout?.setEncoding('utf8')
    for await (const chunk of child.stdout ?? []) {
      text += String(chunk)
      if (text.split('\n').length > count) break
    }
    return text.split('\n').slice(0, count)
  }

  it('follows the files of a store that another process writes, and ends with 130 on Ctrl-C', async () => {
    const place = join(folder, 'tail')
    const store = await openStore(place, { mode: 'write' })
    await appendSpans(store, sketchOf(run(1), 0))
    await store.index.catchUp()
    const child = spawnCli(['tail', '--store', place, '--json', '--last', '5'])
    const seen = lines(child, 3)
    await once(child.stderr!, 'data')
    await appendSpans(store, sketchOf(run(2), 0), sketchOf(run(2), 1, { kind: 'model' }))
    const events = (await seen).map((line) => API_SCHEMAS.LiveEvent.parse(JSON.parse(line)))
    expect(events.map(({ runId, kind }) => [runId, kind])).toEqual([
      [run(1), 'run'],
      [run(2), 'run'],
      [run(2), 'model'],
    ])
    child.kill('SIGINT')
    expect((await once(child, 'close'))[0]).toBe(130)
    await store.close()
  })

  it('follows a collector, and ends with 7 when that goes away', async () => {
    const place = join(folder, 'up')
    const up = await startUp(place)
    const child = spawnCli(['tail', '--url', up.url])
    await once(child.stderr!, 'data')
    const seen = lines(child, 1)
    const spans = [
      { traceId: run(3), spanId: hexOf(16, 'x'), name: 'asked', startTimeUnixNano: '1000', endTimeUnixNano: '5001000', kind: 1 },
    ]
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
    await fetch(`${up.url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect((await seen)[0]).toMatch(/^00:00:00\.000 {2}run +asked {2}5 ms {2}run [0-9a-f]{12}$/)
    const closed = once(child, 'close')
    await up.stop()
    expect((await closed)[0]).toBe(7)
    expect((await runCli(['tail', '--url', 'ftp://x'])).code).toBe(2)
  })
})

const tmux = spawnSync('tmux', ['-V']).status === 0
describe.skipIf(!tmux)('in a real terminal (needs tmux)', () => {
  it('runs are coloured, NO_COLOR is not, and hostile names change nothing', async () => {
    const session = `reprise-${process.pid}`
    const command = `${process.execPath} --conditions=reprise-source --disable-warning=ExperimentalWarning src/cli/main.ts`
    const line = `cd ${ROOT}; ${command} show ${run(4)} --store ${dir}; NO_COLOR=1 ${command} runs --store ${dir}; echo done-$?; sleep 20`
    execFileSync('tmux', ['-L', session, 'new-session', '-d', '-x', '200', '-y', '60', 'env', '-u', 'NO_COLOR', 'sh', '-c', line])
    try {
      const capture = (): string => execFileSync('tmux', ['-L', session, 'capture-pane', '-p', '-e', '-t', '0'], { encoding: 'utf8' })
      await expect.poll(capture, { timeout: 15_000, interval: 200 }).toContain('done-0')
      const screen = capture()
      const shown = screen.slice(0, screen.indexOf('RUN '))
      expect(shown).toContain('\u001b[1m')
      expect(shown).toContain('\u001b[31m')
      const list = screen.slice(screen.indexOf('RUN '), screen.indexOf('done-0'))
      expect(list).toContain('red\\u001b[31m\\u0007')
      expect(list.replaceAll('\u001b[0m', '').replaceAll('\u001b[39m', '')).not.toContain('\u001b')
    } finally {
      execFileSync('tmux', ['-L', session, 'kill-server'])
    }
  }, 30_000)
})

it('reprise show says which contents were erased, and shows the others', async () => {
  const place = join(folder, 'erased')
  const store = await openStore(place, { mode: 'write' })
  await appendSpans(store, sketchOf(run(1), 0, { content: { input: '"keep me"' } }))
  await appendSpans(store, sketchOf(run(1), 1, { content: { input: '"forget me"', output: '"keep me"' } }))
  await store.erase({ runId: run(1), digests: [digestOf('"forget me"')] })
  await store.close()
  const steps = await runCli(['show', run(1), '--store', place])
  expect(steps.stdout).toMatch(/input 9 B sha256:[0-9a-f]{12}…/)
  expect(steps.stdout).toMatch(/input 11 B erased · output 9 B sha256:/)
  const one = await runCli(['show', run(1), '--step', hexOf(16, run(1), 1), '--store', place])
  expect(one.stdout).toContain('input · application/json · erased')
  expect(one.stdout).toContain('"keep me"')
  expect(one.stdout).not.toContain('forget')
})
