import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { runSummarySchema } from '../../src/schemas/public.ts'
import { SpoolFolder } from '../../src/sdk/spool/index.ts'
import { openStore } from '../../src/store/index.ts'
import { appendSpans, sketchOf } from '../store/support/records.ts'
import { ROOT, runCli, spawnCli, startUp } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-run-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SDK = fileURLToPath(new URL('../../src/sdk/index.ts', import.meta.url))
const PROGRAM = join(folder, 'program.mjs')
writeFileSync(
  PROGRAM,
  `import { instrument, tool } from ${JSON.stringify(SDK)}
const step = tool(async (input) => {
  if (process.argv[2] === 'hang') await new Promise((resolve) => setTimeout(resolve, 60000))
  return input.mail
}, { name: 'step' })
const answer = instrument(async function answer() { return await step({ mail: 'ana@example.com' }) })
console.log('out', await answer())
console.error('err')
process.exitCode = 5
`,
)
const NODE = [process.execPath, '--conditions=reprise-source', '--disable-warning=ExperimentalWarning']
let stores = 0
const newStore = (): string => join(folder, `store-${stores++}`)

describe('reprise run', () => {
  it('records a program, passes its streams and exit code through, and says what was recorded', async () => {
    const store = newStore()
    const { code, stdout, stderr } = await runCli(['run', '--store', store, '--', ...NODE, PROGRAM])
    expect({ code, stdout }).toEqual({ code: 5, stdout: 'out ana@example.com\n' })
    const [err, recorded, next] = stderr.split('\n')
    expect(err).toBe('err')
    expect(recorded).toMatch(/^recorded {2}[0-9a-f]{12} {2}answer {2}ok · 2 steps · .* · \d+ redactions?$/)
    expect(next).toMatch(new RegExp(`^next {6}reprise show [0-9a-f]{12} --store ${store}$`))
    // What it says is a command that works.
    const words = next?.slice('next      reprise '.length).split(' ') ?? []
    expect((await runCli(words)).stdout).toContain('answer · ok · replayable')
  })

  it('passes options of the program on, also without --', async () => {
    const args = ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', '--json', '--store', 'x']
    const { code, stdout } = await runCli(['run', '--quiet', '--store', newStore(), process.execPath, ...args])
    expect({ code, out: JSON.parse(stdout) as unknown }).toEqual({ code: 0, out: ['--json', '--store', 'x'] })
  })

  it('gives standard input to the program', async () => {
    const { stdout } = await runCli(['run', '--store', newStore(), '--', 'cat'], { input: 'some input' })
    expect(stdout).toBe('some input')
  })

  it('sets the variables of OpenTelemetry, and keeps what the user chose', async () => {
    const print = 'console.log(JSON.stringify(process.env))'
    const { stdout } = await runCli(['run', '--store', newStore(), '--', process.execPath, '-e', print], {
      env: { OTEL_RESOURCE_ATTRIBUTES: 'a=b', OTEL_METRICS_EXPORTER: 'console' },
    })
    const env = JSON.parse(stdout) as Record<string, string>
    expect(env['OTEL_EXPORTER_OTLP_ENDPOINT']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(env).toMatchObject({
      REPRISE_ENDPOINT: env['OTEL_EXPORTER_OTLP_ENDPOINT'],
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${env['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'console',
      OTEL_RESOURCE_ATTRIBUTES: expect.stringMatching(/^a=b,reprise\.tag\.invocation=[0-9a-f]{8}$/),
    })
  })

  it('ends with 128 + n when signal n ended the program, and names where it was', async () => {
    const store = newStore()
    const child = spawnCli(['run', '--store', store, '--json', '--', ...NODE, PROGRAM, 'hang'])
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const closed = once(child, 'close')
    // Until the run has been announced.
    await expect
      .poll(async () => (existsSync(store) ? (await runCli(['runs', '--store', store, '--json'])).stdout : ''), {
        timeout: 20_000,
        interval: 500,
      })
      .toContain('"status":"running"')
    const program = execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')[0]
    process.kill(Number(program), 'SIGKILL')
    expect((await closed)[0]).toBe(137)
    const told = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as { exitCode: number; runs: unknown[] }
    expect(told).toMatchObject({ schema: 'reprise.run/1', exitCode: 137 })
    expect(told.runs.map((run) => runSummarySchema.parse(run))).toMatchObject([
      { status: 'interrupted', interrupted: 'sender-gone', stage: { name: expect.any(String) } },
    ])
  }, 40_000)

  it('passes SIGTERM on and waits for the program', async () => {
    const script =
      'process.on("SIGTERM", () => { console.log("asked to stop"); process.exit(9) }); setInterval(() => 0, 1000); console.log("ready")'
    const child = spawnCli(['run', '--quiet', '--store', newStore(), '--', process.execPath, '-e', script])
    let stdout = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    await expect.poll(() => stdout, { timeout: 10_000 }).toContain('ready')
    child.kill('SIGTERM')
    expect((await once(child, 'close'))[0]).toBe(9)
    expect(stdout).toBe('ready\nasked to stop\n')
  })

  it('uses the collector that is there already', async () => {
    const store = newStore()
    const up = await startUp(store)
    const { code, stderr } = await runCli(['run', '--store', store, '--', ...NODE, PROGRAM], { env: { REPRISE_ENDPOINT: up.url } })
    expect(code).toBe(5)
    expect(stderr).toMatch(/recorded {2}[0-9a-f]{12} {2}answer {2}ok/)
    await up.stop()
  })

  it('finds the collector of its store on whatever port, without being told', async () => {
    const store = newStore()
    const up = await startUp(store)
    const { code, stderr } = await runCli(['run', '--store', store, '--', ...NODE, PROGRAM])
    expect(stderr).toMatch(/recorded {2}[0-9a-f]{12} {2}answer {2}ok/)
    expect(code).toBe(5)
    const { stdout } = await runCli(['doctor', '--json', '--store', store, '--port', '0'])
    const { findings } = JSON.parse(stdout) as { findings: { check: string; state: string; message: string }[] }
    expect(findings.filter(({ check }) => check === 'collector')).toEqual([
      { check: 'collector', state: 'ok', message: expect.stringContaining(`serves this store at ${up.url}`) as string },
    ])
    await up.stop()
  })

  it('says what cannot be run, with the codes of a shell', async () => {
    const { code, stderr } = await runCli(['run', '--store', newStore(), '--', join(folder, 'nowhere')])
    expect({ code, stderr }).toEqual({ code: 127, stderr: expect.stringContaining('no such command') })
    const file = join(folder, 'plain.txt')
    writeFileSync(file, 'x')
    chmodSync(file, 0o600)
    expect((await runCli(['run', '--store', newStore(), '--', file])).code).toBe(126)
    expect((await runCli(['run'])).code).toBe(2)
  })

  const tmux = spawnSync('tmux', ['-V']).status === 0
  it.skipIf(!tmux)(
    'lets Ctrl-C of a real terminal reach the program once, and waits for it (needs tmux)',
    async () => {
      const session = `reprise-run-${process.pid}`
      const script = join(folder, 'ctrl-c.mjs')
      writeFileSync(
        script,
        "let n = 0; process.on('SIGINT', () => { n++; setTimeout(() => { console.log('interrupted ' + n + ' times'); process.exit(7) }, 500) }); setInterval(() => 0, 1000); console.log('is a terminal: ' + process.stdin.isTTY)",
      )
      const main = `${NODE.join(' ')} src/cli/main.ts`
      const line = `cd ${ROOT}; ${main} run --store ${newStore()} -- ${process.execPath} ${script}; echo ended-$?; sleep 20`
      // A shell with job control, as people have.
      execFileSync('tmux', ['-L', session, 'new-session', '-d', '-x', '160', '-y', '40', 'bash', '-m', '-c', line])
      try {
        const capture = (): string => execFileSync('tmux', ['-L', session, 'capture-pane', '-p', '-t', '0'], { encoding: 'utf8' })
        await expect.poll(capture, { timeout: 15_000, interval: 200 }).toContain('is a terminal: true')
        execFileSync('tmux', ['-L', session, 'send-keys', '-t', '0', 'C-c'])
        await expect.poll(capture, { timeout: 15_000, interval: 200 }).toContain('ended-7')
        expect(capture()).toContain('interrupted 1 times')
      } finally {
        execFileSync('tmux', ['-L', session, 'kill-server'])
      }
    },
    40_000,
  )
})

describe('reprise doctor', () => {
  type Report = { healthy: boolean; findings: { check: string; state: string; message: string }[] }
  async function ask(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; report: Report }> {
    const { code, stdout } = await runCli(['doctor', '--json', ...args], { env })
    return { code, report: JSON.parse(stdout) as Report }
  }
  const of = (report: Report, check: string): unknown[] =>
    report.findings.filter((finding) => finding.check === check).map(({ state, message }) => [state, message])

  it('finds a store healthy, says who writes, and which collector answers', async () => {
    const dir = newStore()
    const store = await openStore(dir, { mode: 'write', startedBy: 'a test' })
    await appendSpans(store, sketchOf('a'.repeat(32), 0))
    const { code, report } = await ask(['--store', dir, '--port', '0'])
    expect({ code, healthy: report.healthy }).toEqual({ code: 0, healthy: true })
    expect(of(report, 'lock')).toEqual([['ok', expect.stringContaining(`written by a test, process ${process.pid}`)]])
    expect(of(report, 'store')).toEqual([['ok', expect.stringContaining('1 run, 1 record in 1 group')]])
    await store.close()
    const { stdout } = await runCli(['doctor', '--store', dir, '--port', '0'])
    expect(stdout).toMatch(/^ok {4}lock +nobody writes$/m)
    const up = await startUp(dir)
    const { report: beside } = await ask(['--store', dir, '--port', new URL(up.url).port])
    expect(of(beside, 'port')).toEqual([['ok', expect.stringContaining(`answers at ${up.url}`)]])
    await up.stop()
  })

  it('says that it cannot tell who writes where the lock cannot be tried', async () => {
    const dir = newStore()
    await (await openStore(dir, { mode: 'write' })).close()
    rmSync(join(dir, 'lock.db'))
    mkdirSync(join(dir, 'lock.db'), { mode: 0o700 })
    const { report } = await ask(['--store', dir, '--port', '0'])
    expect(of(report, 'lock')).toEqual([['note', expect.stringContaining('cannot be told')]])
  })

  it('and reprise run refuse a file in the place of a store, in words', async () => {
    const file = join(folder, 'a-file')
    writeFileSync(file, 'x')
    expect(of((await ask(['--store', file, '--port', '0'])).report, 'store')).toEqual([['bad', `${file} is no folder; a store is one`]])
    const { code, stderr } = await runCli(['run', '--store', file, '--', process.execPath, '-e', '0'])
    expect(code).toBe(1)
    expect(stderr).toBe(`error: ${file} is no folder; a store is one\n`)
  })

  it('counts the files of the spool, not what else stands there', async () => {
    const dir = newStore()
    await (await openStore(dir, { mode: 'write' })).close()
    const spool = new SpoolFolder(join(dir, 'spool'))
    spool.prepare()
    writeFileSync(join(spool.path, 'key'), 'k')
    expect(of((await ask(['--store', dir, '--port', '0'])).report, 'spool')).toEqual([])
    spool.write('0123abcd', 2, [Buffer.from('two')])
    spool.write('0123abcd', 1, [Buffer.from('one')])
    const [first] = spool.list()
    renameSync(join(spool.path, `${first!.stem}.spool`), join(spool.path, `${first!.stem}.bad`))
    expect(of((await ask(['--store', dir, '--port', '0'])).report, 'spool')).toEqual([
      ['note', expect.stringMatching(/^1 file of programs/)],
      ['note', expect.stringMatching(/^1 file in .* that no collector could read$/)],
    ])
  })

  it('says that somebody keeps the log of the index from being emptied', async () => {
    const dir = newStore()
    const store = await openStore(dir, { mode: 'write' })
    await appendSpans(store, sketchOf('a'.repeat(32), 0))
    const small = await ask(['--store', dir, '--port', '0'])
    expect(of(small.report, 'index-log')).toEqual([])
    // Behind its last frame, where SQLite does not look.
    truncateSync(join(dir, 'index.db-wal'), 300 * 1024 ** 2)
    const large = await ask(['--store', dir, '--port', '0'])
    expect(of(large.report, 'index-log')).toEqual([['note', expect.stringContaining('index.db-wal has 0.3 GiB')]])
    expect(large.code).toBe(0)
    await store.close()
  })

  it('says what is wrong, and ends with 1', async () => {
    const dir = newStore()
    await (await openStore(dir, { mode: 'write' })).close()
    chmodSync(join(dir, 'format.json'), 0o644)
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const port = (server.address() as AddressInfo).port
    const { code, report } = await ask(['--store', dir, '--port', String(port)], {
      REPRISE_QUEUE_MAX_BYTES: '65536',
      REPRISE_STROE: 'typo',
      REPRISE_FORWARD: `http://localhost:${port}`,
    })
    server.close()
    expect({ code, healthy: report.healthy }).toEqual({ code: 1, healthy: false })
    expect(of(report, 'permissions')).toEqual([['bad', expect.stringContaining('format.json (644)')]])
    expect(of(report, 'port')).toEqual([['bad', expect.stringContaining('no Reprise collector')]])
    expect(of(report, 'options')).toEqual([
      ['bad', expect.stringContaining('queueMaxBytes')],
      ['bad', expect.stringContaining('send to itself')],
      ['note', expect.stringContaining('REPRISE_STROE')],
    ])
  })

  it('refuses a store of a later format, and is content where there is none', async () => {
    const dir = newStore()
    await (await openStore(dir, { mode: 'write' })).close()
    writeFileSync(join(dir, 'format.json'), '{"format":99}\n')
    const later = await ask(['--store', dir, '--port', '0'])
    expect(later.code).toBe(1)
    expect(of(later.report, 'store')).toEqual([['bad', expect.stringContaining('store format 99')]])
    const none = newStore()
    const missing = await ask(['--store', none, '--port', '0'])
    expect(missing.code).toBe(0)
    expect(of(missing.report, 'store')).toEqual([['note', expect.stringContaining('no store')]])
    expect(existsSync(none)).toBe(false)
  })
})

describe('reprise config', () => {
  it('prints each option, and where it came from; secrets never', async () => {
    const place = mkdtempSync(join(folder, 'config-'))
    writeFileSync(join(place, 'reprise.config.json'), '{"namespace":"team"}')
    const env = {
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=s3cret',
      REPRISE_FORWARD: 'https://user:s3cret@otlp.example.com/?key=s3cret',
      REPRISE_PORT: '9',
    }
    const { code, stdout } = await runCli(['config', '--origin', '--store', '/tmp/x'], { cwd: place, env })
    expect(code).toBe(0)
    expect(stdout).not.toContain('s3cret')
    expect(stdout).toMatch(/^port +9 +environment REPRISE_PORT$/m)
    expect(stdout).toMatch(/^store +\/tmp\/x +flag --store$/m)
    expect(stdout).toMatch(/^namespace +team +file .*reprise\.config\.json$/m)
    expect(stdout).toMatch(/^otlpHeaders +\(hidden\) +environment OTEL_EXPORTER_OTLP_HEADERS$/m)
    expect(stdout).toMatch(/^host +127\.0\.0\.1 +default$/m)
    const { stdout: json } = await runCli(['config', '--json'], { cwd: place, env })
    expect(json).not.toContain('s3cret')
    const { schema, options } = JSON.parse(json) as { schema: string; options: { key: string; value: unknown; origin: unknown }[] }
    expect(schema).toBe('reprise.config/1')
    expect(options).toContainEqual({ key: 'port', value: 9, origin: { from: 'environment', name: 'REPRISE_PORT' } })
    const { stdout: short } = await runCli(['config'], { cwd: place })
    expect(short).not.toContain('default')
  })
})
