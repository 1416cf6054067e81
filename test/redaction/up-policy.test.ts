import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { runCli, spawnCli } from '../cli/run-cli.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'

let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'reprise-up-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Starts a collector from the command line, sends it a span, and gives the span's record. */
async function recordThrough(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ policy: string; note: unknown }> {
  const store = join(folder, 'store')
  const child = spawnCli(['up', '--port', '0', '--grpc-port', 'off', '--quiet', '--store', store, ...args], { cwd: folder, env })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [line] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => [Buffer.from(stderr)])])) as [Buffer]
  const url = line.toString().trim()
  expect(url).toMatch(/^http/)
  const body = writeTraces(groupOf([bareSpan({ attributes: [['note', 'for bob@example.com']] })]))
  const sent = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(body),
  })
  expect(sent.status).toBe(200)
  child.kill('SIGTERM')
  await once(child, 'exit')
  const reader = await openStore(store, { mode: 'read' })
  const records: { policy: { id: string; version: string }; attributes: Record<string, unknown> }[] = []
  for await (const { lines } of reader.tape.readGroups(0))
    records.push(...lines.map((text) => JSON.parse(text).core as (typeof records)[number]))
  await reader.close()
  const last = records.at(-1)
  return { policy: `${last?.policy.id}/${last?.policy.version}`, note: last?.attributes['note'] }
}

const own = { schema: 'reprise.redaction-policy/2', id: 'desk', version: '3', action: 'drop' }

describe('reprise up', () => {
  it('takes a policy from the command line, the environment and the config file, in this order', async () => {
    writeFileSync(join(folder, 'own.json'), JSON.stringify(own))
    writeFileSync(join(folder, 'reprise.config.json'), JSON.stringify({ redactionPolicy: 'strict' }))
    expect(await recordThrough([])).toEqual({ policy: 'strict/1', note: 'for [redacted]' })
    expect(await recordThrough([], { REPRISE_REDACTION_POLICY: './own.json' })).toEqual({ policy: 'desk/3', note: 'for ' })
    expect(await recordThrough(['--policy', 'default'], { REPRISE_REDACTION_POLICY: './own.json' })).toEqual({
      policy: 'default/4',
      note: expect.stringMatching(/^for <email:[0-9a-f]{12}>$/) as string,
    })
    const redacted = await runCli(['redact', '--policy', 'own.json', '--quiet'], { cwd: folder, input: 'to bob@example.com\n' })
    expect(redacted).toMatchObject({ code: 0, stdout: 'to \n' })
  })
  it('does not start with a policy that is none, and says where it is wrong', async () => {
    writeFileSync(join(folder, 'bad.json'), JSON.stringify({ ...own, rules: [{ path: '/a', action: 'shred' }] }))
    const { code, stderr } = await runCli(['up', '--port', '0', '--grpc-port', 'off', '--policy', 'bad.json'], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toContain('bad.json')
    expect(stderr).toContain('/rules/0/action')
    const missing = await runCli(['up', '--policy', 'stricct'], { cwd: folder })
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('expected one of default, strict, metadata-only, or a JSON file')
  })
})
