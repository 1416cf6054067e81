import { existsSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { PROTOBUF, readTape, until } from '../collector/support.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { fillUp, SKIPPED, smallDisk } from '../store/support/small-disk.ts'
import { runCli, startUp, type Up } from './run-cli.ts'

const running: Up[] = []
afterEach(async () => {
  for (const up of running.splice(0)) await up.stop('SIGKILL')
})

async function start(store: string): Promise<Up> {
  const up = await startUp(store, ['--workers', '0'])
  running.push(up)
  return up
}

const idOf = (number: number): string => (number + 1).toString(16).padStart(16, '0')
/** Too much for what is left in the last block of a file. */
const body = (number: number): Uint8Array =>
  writeTraces(groupOf([bareSpan({ spanId: idOf(number), attributes: [['note', `word ${number} `.repeat(8000)]] })]))

async function send(url: string, number: number): Promise<[status: number, retryAfter: string | null]> {
  const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers: PROTOBUF, body: new Uint8Array(body(number)) })
  await response.arrayBuffer()
  return [response.status, response.headers.get('retry-after')]
}

async function getJson(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url)
  return { status: response.status, body: await response.json() }
}

const ready = (url: string): Promise<{ status: number; body: unknown }> => getJson(`${url}/readyz`)
const findingsOf = (stdout: string): { check: string; state: string; message: string }[] => JSON.parse(stdout).findings

const kept = 2

test.for<'SIGTERM' | 'SIGKILL'>(['SIGTERM', 'SIGKILL'])(
  'a collector that ended by %s is started again on a full disk: it answers, takes nothing, and goes on when there is room',
  async (signal, { skip }) => {
    const disk = smallDisk('size=16m')
    if (disk === undefined) return skip(SKIPPED)
    const store = join(disk, 'store')
    const before = await start(store)
    for (let number = 0; number < kept; number++) expect(await send(before.url, number)).toEqual([200, null])
    await before.stop(signal)
    const ballast = fillUp(disk)
    expect(statfsSync(disk).bavail).toBe(0)

    const up = await start(store)
    await until('what the collector says', () => up.stderr().includes('store-refuses'))
    expect(up.stderr()).toContain('the disk refused a write (ENOSPC: it is full)')
    // Reads are served.
    const runs = await getJson(`${up.url}/api/v1/runs`)
    expect(runs).toMatchObject({ status: 200, body: { runs: [{ steps: kept }] } })
    const { id } = (runs.body as { runs: [{ id: string }] }).runs[0]
    const steps = await getJson(`${up.url}/api/v1/runs/${id}/steps`)
    expect(steps).toMatchObject({ status: 200, body: { steps: { length: kept } } })
    const [digest] =
      JSON.stringify(steps.body)
        .match(/sha256:[0-9a-f]{64}/g)
        ?.slice(-1) ?? []
    expect((await fetch(`${up.url}/api/v1/artifacts/${digest}`)).status).toBe(200)
    expect((await fetch(`${up.url}/healthz`)).status).toBe(200)
    // Writes are not, for now.
    for (let number = kept; number < kept + 3; number++) expect(await send(up.url, number)).toEqual([503, '5'])
    expect(await ready(up.url)).toMatchObject({ status: 503, body: { problems: [expect.stringContaining('ENOSPC: it is full')] } })
    // Neither is the command line kept from reading.
    const listed = await runCli(['runs', '--store', store, '--json'])
    expect([listed.code, listed.stderr]).toEqual([0, ''])
    expect(JSON.parse(listed.stdout)).toMatchObject({ id, steps: kept })
    const shown = await runCli(['show', id, '--store', store])
    expect([shown.code, shown.stderr]).toEqual([0, ''])
    const found = findingsOf((await runCli(['doctor', '--store', store, '--port', '0', '--json'])).stdout)
    expect(found).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ check: 'disk', state: 'bad' }),
        expect.objectContaining({ check: 'store', state: 'ok' }),
        expect.objectContaining({ check: 'index', state: 'ok' }),
        expect.objectContaining({ check: 'collector', state: 'bad', message: expect.stringContaining('ENOSPC: it is full') }),
      ]),
    )
    expect((await runCli(['verify', '--store', store])).code).toBe(0)

    rmSync(ballast)
    expect(await send(up.url, kept)).toEqual([200, null])
    await until('readiness', async () => (await ready(up.url)).status === 200)
    await until('the next step', async () => JSON.stringify((await getJson(`${up.url}/api/v1/runs`)).body).includes(`"steps":${kept + 1},`))
    await up.stop()
    const { spans, lines } = await readTape(store)
    expect(spans.map(({ core }) => core.spanId).sort()).toEqual(Array.from({ length: kept + 1 }, (_, number) => idOf(number)))
    expect(lines.filter((line) => line.includes('reprise.gap/1')).map((line) => JSON.parse(line).core)).toMatchObject([
      { reason: 'disk-full', count: 3 },
    ])
  },
)

test('without a collector, a full disk is read from, and one that holds no store yet is named in the refusal', async ({ skip }) => {
  const disk = smallDisk('size=16m')
  if (disk === undefined) return skip(SKIPPED)
  const store = join(disk, 'store')
  const before = await start(store)
  expect(await send(before.url, 0)).toEqual([200, null])
  await before.stop()
  const ballast = fillUp(disk)
  onTestFinished(() => rmSync(ballast))
  const listed = await runCli(['runs', '--store', store, '--json'])
  expect([listed.code, listed.stderr]).toEqual([0, ''])
  expect(JSON.parse(listed.stdout)).toMatchObject({ steps: 1 })
  const found = findingsOf((await runCli(['doctor', '--store', store, '--port', '0', '--json'])).stdout)
  expect(found.filter(({ state }) => state === 'bad').map(({ check }) => check)).toEqual(['disk'])
  fillUp(disk)
  const other = join(disk, 'other')
  const refused = await runCli(['up', '--port', '0', '--grpc-port', 'off', '--store', other])
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain(`${other} cannot be opened for writing: the disk refused it (ENOSPC: it is full)`)
  expect(existsSync(other)).toBe(false)
})
