import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeTraces, textOf, type WireSpan } from '../../src/otlp/index.ts'
import type { RunSummary } from '../../src/schemas/index.ts'
import { finish, runCli, runProgram, startUp, type Up } from '../cli/run-cli.ts'

// Programs must stand inside the package, so that `reprise` resolves to it.
const programs = fileURLToPath(new URL('./.generated', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'reprise-e2e-'))
const store = join(folder, 'store')
const program = join(programs, 'program.ts')
const received: WireSpan[] = []
let up: Up
let backend: ReturnType<typeof createServer>

beforeAll(async () => {
  mkdirSync(programs, { recursive: true })
  writeFileSync(
    program,
    `import { instrument, tool } from 'reprise'
     const double = tool(async (n: number) => n * 2, { name: 'double', effect: 'read' })
     export const main = instrument(async function main(n: number) { return (await Promise.all([double(n), double(n + 1)])).join(' ') })
     if (import.meta.main) console.log(await main(20))
    `,
  )
  backend = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      expect(request.url).toBe('/v1/traces')
      expect(request.headers['x-team']).toBe('flight')
      for (const resource of decodeTraces(Buffer.concat(chunks), 'protobuf').resourceSpans) {
        for (const scope of resource.scopeSpans) received.push(...scope.spans)
      }
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  up = await startUp(store, ['--forward', `http://127.0.0.1:${(backend.address() as AddressInfo).port}`], {
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=flight',
  })
})
afterAll(async () => {
  await up.stop()
  backend.close()
  backend.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
  rmSync(programs, { recursive: true, force: true })
})

async function listRuns(): Promise<RunSummary[]> {
  const { stdout } = await runCli(['runs', '--json', '--store', store])
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunSummary)
}

async function until(what: string, done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (done()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`did not happen within 10 s: ${what}`)
}

describe('a program of a user', () => {
  it('is listed, forwarded, exported and replayed', async () => {
    expect(await runProgram(program, { REPRISE_ENDPOINT: up.url })).toEqual({ code: 0, stdout: '40 42\n', stderr: '' })
    const [run] = await listRuns()
    expect(run).toMatchObject({ name: 'main', kind: 'run', status: 'ok', steps: 3, fidelity: 'replayable' })
    const recording = join(folder, 'recording')
    expect((await runCli(['export', run!.id, '--out', recording, '--store', store])).code).toBe(0)
    const replayed = await runCli(['replay', recording, '--module', program, '--export', 'main'])
    expect(replayed).toMatchObject({ code: 0 })
    expect(replayed.stdout).toContain('exact')
    await until('3 spans forwarded', () => received.filter(({ traceId }) => traceId === run!.traceId).length === 3)
    const tool = received.find(({ name }) => name.includes('double'))
    const attributes = new Map(tool?.attributes)
    expect(attributes.get('gen_ai.tool.name')).toBe('double')
    expect(textOf(attributes.get('gen_ai.tool.call.result') as string)).toMatch(/^4[02]$/)
    expect(received.some(({ attributes }) => attributes.some(([key]) => key === 'reprise.pending'))).toBe(false)
  })

  it('diverges with exit code 4 when its calls change, naming the nearest record and the field', async () => {
    const changed = join(programs, 'changed.ts')
    writeFileSync(changed, readFileSync(program, 'utf8').replace('double(n + 1)', 'double(n + 5)'))
    const { code, stdout } = await runCli(['replay', join(folder, 'recording'), '--module', changed, '--export', 'main'])
    expect(code).toBe(4)
    expect(stdout).toContain('double')
    expect(stdout).toContain('21')
    expect(stdout).toContain('25')
  })

  it('says which functions there are when the export is not', async () => {
    const { code, stderr } = await runCli(['replay', join(folder, 'recording'), '--module', program, '--export', 'mian'])
    expect(code).toBe(2)
    expect(stderr).toContain('it exports main')
  })

  it('finds a flipped byte of a recording and names the digest, with exit code 5', async () => {
    const copy = join(folder, 'flipped')
    const [run] = await listRuns()
    await runCli(['export', run!.id, '--out', copy, '--store', store])
    const [blob] = readdirSync(join(copy, 'blobs'))
    const file = join(copy, 'blobs', blob!)
    const bytes = readFileSync(file)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(file, bytes)
    const { code, stderr } = await runCli(['replay', copy, '--module', program, '--export', 'main'])
    expect(code).toBe(5)
    expect(stderr).toContain(`sha256:${blob}`)
  })

  it('keeps its own exit code without a collector, and says once what was not recorded', async () => {
    writeFileSync(join(programs, 'failing.ts'), `${readFileSync(program, 'utf8')}\nawait main(1); process.exitCode = 3`)
    const { code, stdout, stderr } = await runProgram(join(programs, 'failing.ts'), { REPRISE_ENDPOINT: 'http://127.0.0.1:9' })
    expect(code).toBe(3)
    expect(stdout).toBe('40 42\n')
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain('reprise up')
  })
})

describe('a plain OpenTelemetry program', () => {
  it('shows its spans, redacted, as an observed run', async () => {
    const file = fileURLToPath(new URL('./otlp-program.ts', import.meta.url))
    expect(await runProgram(file, { OTEL_EXPORTER_OTLP_ENDPOINT: up.url })).toMatchObject({ code: 0 })
    const run = (await listRuns()).find(({ name }) => name === 'chat gpt-4o')
    expect(run).toMatchObject({ fidelity: 'observed', steps: 1, inputTokens: 12, models: ['gpt-4o'], redactions: 1 })
    await until('the span forwarded', () => received.some(({ traceId }) => traceId === run!.traceId))
    const attributes = new Map(received.find(({ traceId }) => traceId === run!.traceId)?.attributes)
    expect(textOf(attributes.get('gen_ai.input.messages') as string)).toMatch(/mail me at <email:[0-9a-f]{12}>/)
  })
})

describe('the store', () => {
  it('is printed as NDJSON by zstd', () => {
    const files = readdirSync(join(store, 'segments')).map((name) => join(store, 'segments', name))
    const { error, status, stdout, stderr } = spawnSync('zstd', ['-dc', ...files], { encoding: 'utf8' })
    if (error !== undefined) return console.warn('SKIPPED: the zstd command is not installed here')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { core: { schema: string } })
    expect(lines.length).toBeGreaterThanOrEqual(4)
    expect(new Set(lines.map(({ core }) => core.schema))).toEqual(new Set(['reprise.span/1']))
  })

  it('answers the same after reindex', async () => {
    const before = await listRuns()
    await up.stop()
    expect((await runCli(['reindex', '--store', store])).code).toBe(0)
    expect(await listRuns()).toEqual(before)
    up = await startUp(store)
  })
})

describe('bad input', () => {
  it('answers a malformed body with 400 and a reason, and lives on', async () => {
    for (const [type, body] of [
      ['application/json', '{"resourceSpans":[{]'],
      ['application/x-protobuf', '\u0001\u0002\u0003'],
    ] as const) {
      const response = await fetch(`${up.url}/v1/traces`, { method: 'POST', headers: { 'content-type': type }, body })
      expect(response.status).toBe(400)
      expect((await response.text()).length).toBeGreaterThan(10)
    }
    expect((await fetch(`${up.url}/healthz`)).status).toBe(200)
  })

  it('names a bad span among good ones and keeps the good ones', async () => {
    const span = (spanId: string, name: string) => ({
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId,
      name,
      kind: 1,
      startTimeUnixNano: '1790000000000000000',
      endTimeUnixNano: '1790000001000000000',
    })
    const body = JSON.stringify({
      resourceSpans: [
        { scopeSpans: [{ spans: [span('eee19b7ec3c1b174', 'good'), span('00', 'short-id'), span('eee19b7ec3c1b175', 'good too')] }] },
      ],
    })
    const response = await fetch(`${up.url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(response.status).toBe(200)
    const { partialSuccess } = (await response.json()) as { partialSuccess: { rejectedSpans: string; errorMessage: string } }
    expect(String(partialSuccess.rejectedSpans)).toBe('1')
    expect(partialSuccess.errorMessage).toContain('short-id')
    expect((await listRuns()).find(({ id }) => id === '5b8efff798038103d269b633813fc60c')).toMatchObject({ steps: 2 })
  })

  it('says that a run is not there, with the nearest ids, and exits 1', async () => {
    const [run] = await listRuns()
    const wrong = `${run!.id.slice(0, 31)}${run!.id.endsWith('0') ? '1' : '0'}`
    const { code, stderr } = await runCli(['show', wrong, '--store', store])
    expect(code).toBe(1)
    expect(stderr).toContain(`no run '${wrong}'`)
    expect(stderr).toContain(run!.id)
  })

  it('says who holds a taken port, and which flag changes it', async () => {
    const { port } = new URL(up.url)
    const second = await runCli(['up', '--port', port, '--store', join(folder, 'second')])
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(port)
    expect(second.stderr).toContain('--port')
    expect(second.stderr).toMatch(/[Rr]eprise|pid/)
    const stranger = createTcpServer()
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const third = await runCli(['up', '--port', String((stranger.address() as AddressInfo).port), '--store', join(folder, 'third')])
    stranger.close()
    expect(third.code).toBe(1)
    expect(third.stderr).toContain('--port')
  })

  it('names the holder of a store that another collector writes', async () => {
    const { code, stderr } = await runCli(['up', '--port', '0', '--grpc-port', 'off', '--store', store])
    expect(code).toBe(1)
    expect(stderr).toMatch(/in use by process \d+ on /)
  })

  it('ends quietly when its reader goes away', async () => {
    const child = spawn(
      'sh',
      [
        '-c',
        `"${process.execPath}" --conditions=reprise-source --disable-warning=ExperimentalWarning src/cli/main.ts runs --store "${store}" | head -n 1`,
      ],
      { stdio: 'pipe' },
    )
    expect(await finish(child)).toMatchObject({ code: 0, stderr: '' })
  })
})
