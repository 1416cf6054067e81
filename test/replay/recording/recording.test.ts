import { chmod, copyFile, cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadRecording } from '../../../src/replay/index.ts'
import { manifestDigest, manifestText } from '../../../src/replay/recording/recording-text.ts'
import { writeRecording } from '../../../src/replay/recording/recording-writer.ts'
import { canonicalJson, digestOf, type RecordedStep, type RecordingManifest, RepriseError } from '../../../src/schemas/index.ts'
import { RecordingBuilder } from '../recording-builder.ts'
import { temporaryFolder } from '../temporary-folder.ts'

function smallRun(): RecordingBuilder {
  const builder = new RecordingBuilder({ seed: '7' })
  const root = builder.step(undefined, { kind: 'run', name: 'answer', args: [{ question: 'why?' }], output: { text: 'because' }, end: 50 })
  builder.step(root, { kind: 'retriever', name: 'kb', args: ['why?'], output: [{ id: 1, text: 'a document' }] })
  const agent = builder.step(root, { kind: 'agent', name: 'planner', args: [1], output: 2 })
  builder.step(agent, { kind: 'model', name: 'chat', args: [{ n: 1 }], output: { text: 'because' } })
  builder.step(agent, { kind: 'model', name: 'chat', args: [{ n: 1 }], error: new TypeError('busy') })
  builder.step(agent, { kind: 'tool', name: 'clock', args: [], output: new Date(5) })
  return builder
}

async function failure(promise: Promise<unknown>): Promise<RepriseError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!RepriseError.isInstance(error)) throw new Error(`expected a RepriseError, got ${String(error)}`)
  return error
}

/** Rewrites recording.json so that it names what the folder holds now. */
async function resign(folder: string, change: (manifest: RecordingManifest) => RecordingManifest): Promise<void> {
  const manifest = change(JSON.parse(await readFile(join(folder, 'recording.json'), 'utf8')) as RecordingManifest)
  await writeFile(join(folder, 'recording.json'), manifestText({ ...manifest, digest: manifestDigest(manifest) }))
}

async function rewriteSteps(folder: string, change: (text: string) => string, count?: number): Promise<void> {
  const text = change(await readFile(join(folder, 'steps.jsonl'), 'utf8'))
  await writeFile(join(folder, 'steps.jsonl'), text)
  await resign(folder, (manifest) => ({
    ...manifest,
    steps: { ...manifest.steps, count: count ?? manifest.steps.count, sizeBytes: Buffer.byteLength(text), digest: digestOf(text) },
  }))
}

describe('a recording directory', () => {
  it('gives back what was written', async () => {
    const builder = smallRun()
    const { folder, manifest } = await builder.write()
    const recording = await loadRecording(folder)
    expect(recording.manifest).toEqual(manifest)
    expect(recording.steps.map(({ core, refs }) => ({ core, refs }))).toEqual(builder.records)
    expect(recording.arguments()).toEqual([{ question: 'why?' }])
    expect(recording.manifest.seed).toBe('7')
    expect(recording.steps.map(({ occurrence }) => occurrence)).toEqual([0, 0, 0, 0, 1, 0])
    expect(new Set(recording.steps.map(({ lineage }) => lineage)).size).toBe(6)
  })

  it('gives arguments afresh at each call', async () => {
    const recording = await smallRun().load()
    const [first] = recording.arguments() as [{ question: string }]
    first.question = 'changed'
    expect(recording.arguments()).toEqual([{ question: 'why?' }])
  })

  it('has the same bytes for the same run', async () => {
    const builder = smallRun()
    const [one, two] = [await builder.write(), await builder.write()]
    for (const file of ['recording.json', 'steps.jsonl']) {
      expect(await readFile(join(one.folder, file), 'utf8')).toBe(await readFile(join(two.folder, file), 'utf8'))
    }
    expect(await readdir(join(one.folder, 'blobs'))).toEqual(await readdir(join(two.folder, 'blobs')))
  })

  it('holds payloads as files named by their sha256', async () => {
    const { folder, manifest } = await smallRun().write()
    for (const { digest, sizeBytes } of manifest.blobs) {
      const bytes = await readFile(join(folder, 'blobs', digest.slice('sha256:'.length)))
      expect(digestOf(bytes)).toBe(digest)
      expect(bytes.byteLength).toBe(sizeBytes)
    }
    expect((await readdir(join(folder, 'blobs'))).length).toBe(manifest.blobs.length)
  })

  it('finds any flipped byte, naming the file', async () => {
    const { folder } = await smallRun().write()
    const blobs = (await readdir(join(folder, 'blobs'))).map((name) => `blobs/${name}`)
    for (const file of ['recording.json', 'steps.jsonl', ...blobs]) {
      const bytes = await readFile(join(folder, file))
      const offsets = bytes.length <= 600 ? [...bytes.keys()] : fc.sample(fc.nat(bytes.length - 1), { numRuns: 300, seed: 5 })
      for (const offset of offsets) {
        const flipped = Buffer.from(bytes)
        flipped[offset] = (flipped[offset] ?? 0) ^ (1 << (offset % 8))
        await writeFile(join(folder, file), flipped)
        const error = await failure(loadRecording(folder))
        expect(error.code, `${file} at ${offset}: ${error.message}`).toBe('integrity')
        expect(error.message).toContain(file)
        if (file !== 'recording.json') expect(error.message).toMatch(/sha256:[0-9a-f]{64}/)
      }
      await writeFile(join(folder, file), bytes)
    }
    await loadRecording(folder)
  })

  it('finds a truncated or lengthened file', async () => {
    const { folder, manifest } = await smallRun().write()
    const blob = join('blobs', manifest.blobs[0]?.digest.slice(7) ?? '')
    for (const file of ['recording.json', 'steps.jsonl', blob]) {
      const bytes = await readFile(join(folder, file))
      await truncate(join(folder, file), bytes.length - 1)
      expect((await failure(loadRecording(folder))).code).toBe('integrity')
      await writeFile(join(folder, file), Buffer.concat([bytes, Buffer.from(' ')]))
      expect((await failure(loadRecording(folder))).code).toBe('integrity')
      await writeFile(join(folder, file), bytes)
    }
  })

  it('names digest and step of a blob that is missing', async () => {
    const builder = smallRun()
    const { folder } = await builder.write()
    const digest = builder.records[1]?.refs.find(({ role }) => role === 'output')?.digest ?? ''
    await rm(join(folder, 'blobs', digest.slice(7)))
    const error = await failure(loadRecording(folder))
    expect(error.code).toBe('artifact_missing')
    expect(error.message).toContain(digest)
    expect(error.message).toContain('step 1 (retriever kb')
  })

  it('names the file of a steps list that is missing, and says when there is no recording at all', async () => {
    const { folder } = await smallRun().write()
    await rm(join(folder, 'steps.jsonl'))
    expect(await failure(loadRecording(folder))).toMatchObject({
      code: 'integrity',
      message: expect.stringContaining('steps.jsonl') as string,
    })
    expect((await failure(loadRecording(join(folder, 'nothing')))).code).toBe('invalid_argument')
  })

  it('says that a newer version is newer, and that a damaged version field is damage', async () => {
    const { folder } = await smallRun().write()
    const manifest = JSON.parse(await readFile(join(folder, 'recording.json'), 'utf8')) as Record<string, unknown>
    const newer: Record<string, unknown> = { ...manifest, schema: 'reprise.recording/2', extra: true }
    delete newer['digest']
    await writeFile(join(folder, 'recording.json'), JSON.stringify({ ...newer, digest: digestOf(canonicalJson(newer)) }))
    const error = await failure(loadRecording(folder))
    expect(error.code).toBe('recording_version')
    expect(error.message).toContain('version 2')
    await writeFile(join(folder, 'recording.json'), manifestText(manifest as RecordingManifest).replace('recording/1', 'recording/3'))
    expect((await failure(loadRecording(folder))).code).toBe('integrity')
  })

  it('does not follow links and reads regular files only', async () => {
    const { folder, manifest } = await smallRun().write()
    const blob = join(folder, 'blobs', manifest.blobs[0]?.digest.slice(7) ?? '')
    await rename(blob, join(folder, 'elsewhere'))
    await symlink(join(folder, 'elsewhere'), blob)
    expect((await failure(loadRecording(folder))).code).toBe('invalid_recording')
    await rm(blob)
    await mkdir(blob)
    expect((await failure(loadRecording(folder))).code).toBe('invalid_recording')
    await rm(blob, { recursive: true })
    await copyFile(join(folder, 'elsewhere'), blob)
    await loadRecording(folder)
  })

  it('reads nothing that recording.json does not name', async () => {
    const { folder } = await smallRun().write()
    await writeFile(join(folder, 'blobs', 'stranger'), 'x')
    await writeFile(join(folder, 'README.md'), 'x')
    await chmod(join(folder, 'blobs', 'stranger'), 0o000)
    await loadRecording(folder)
  })

  it('refuses steps that do not fit together, even when every digest was made to fit', async () => {
    const cases: [string, (text: string) => string, number | undefined][] = [
      [
        'a lineage that does not follow',
        (text) => text.replace(/"lineage":"./, (start) => `${start.slice(0, -1)}${start.endsWith('0') ? '1' : '0'}`),
        undefined,
      ],
      ['an occurrence that does not follow', (text) => text.replace('"occurrence":1', '"occurrence":3'), undefined],
      ['a field too many', (text) => text.replace('"occurrence":1', '"occurrence":1,"path":"../../etc/passwd"'), undefined],
      [
        'a digest that is a path',
        (text) => text.replace(/("refs":.*"digest":)"sha256:[0-9a-f]{64}"/, '$1"../../../etc/passwd"'),
        undefined,
      ],
      ['another policy', (text) => text.replace(/("policy":."digest":"sha256:)[0-9a-f]{4}/, '$10000'), undefined],
      ['a line that is no JSON', (text) => text.replace('{', '('), undefined],
      ['no line feed at the end', (text) => text.trimEnd(), undefined],
      ['a line too many', (text) => `${text}${text.split('\n')[5]}\n`, undefined],
      ['fewer lines than told', (text) => text, 9],
      ['an artifact that is not listed', (text) => text.replace(/("refs":.*"sha256:)[0-9a-f]{4}/, '$10000'), undefined],
      ['a root that is not there', (text) => text.replaceAll('"spanId":"0000000000000001"', '"spanId":"00000000000000aa"'), undefined],
    ]
    for (const [defect, change, count] of cases) {
      const { folder } = await smallRun().write()
      await rewriteSteps(folder, change, count)
      const outcome = await loadRecording(folder).then(
        () => 'loaded',
        (error: unknown) => (RepriseError.isInstance(error) ? error.code : String(error)),
      )
      expect([defect, outcome]).toEqual([defect, 'invalid_recording'])
    }
  })

  it('bounds what a stranger may make it read', async () => {
    const { folder } = await smallRun().write()
    await resign(folder, (manifest) => ({ ...manifest, steps: { ...manifest.steps, sizeBytes: 2 ** 40 } }))
    expect((await failure(loadRecording(folder))).code).toBe('invalid_recording')
    const other = await smallRun().write()
    await resign(other.folder, (manifest) => ({ ...manifest, blobs: manifest.blobs.map((blob) => ({ ...blob, sizeBytes: 2 ** 40 })) }))
    expect((await failure(loadRecording(other.folder))).code).toBe('invalid_recording')
  })

  it('keeps an attribute that is called __proto__', async () => {
    const builder = new RecordingBuilder()
    builder.step(undefined, { kind: 'run', name: 'answer', args: [] })
    const [record] = builder.records
    const attributes: unknown = JSON.parse('{"__proto__":"told","z":1}')
    Object.defineProperty(record!.core, 'attributes', { value: attributes, enumerable: true })
    const { root } = await builder.load()
    const read = root.record.core.attributes
    expect(Object.getOwnPropertyDescriptor(read, '__proto__')?.value).toBe('told')
    expect(Object.keys(read ?? {})).toEqual(['__proto__', 'z'])
  })

  it('keeps a __proto__ key as data', async () => {
    const builder = new RecordingBuilder()
    const poisoned: unknown = JSON.parse('[{"__proto__":{"polluted":true}}]')
    builder.step(undefined, { kind: 'run', name: 'answer', args: poisoned as unknown[] })
    const recording = await builder.load()
    expect(Object.hasOwn((recording.arguments() as [object])[0], '__proto__')).toBe(true)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('writing a recording', () => {
  it('refuses a directory that holds anything else, force or not', async () => {
    const builder = smallRun()
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'thesis.txt'), 'years of work')
    const write = (force: boolean): Promise<unknown> =>
      writeRecording(builder.records, builder.rootSpanId, source(builder), folder, { force })
    expect(await failure(write(false))).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('thesis.txt') as string,
    })
    expect((await failure(write(true))).code).toBe('invalid_argument')
    expect(await readdir(folder)).toEqual(['thesis.txt'])
  })

  it('replaces a recording with force only, and takes an empty directory', async () => {
    const builder = smallRun()
    const folder = await temporaryFolder()
    const write = (force: boolean): Promise<RecordingManifest> =>
      writeRecording(builder.records, builder.rootSpanId, source(builder), folder, { force })
    const first = await write(false)
    expect(await failure(write(false))).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('force') as string })
    expect(await write(true)).toEqual(first)
    await loadRecording(folder)
  })

  it('leaves nothing behind when it fails, and what was there as it was', async () => {
    const builder = smallRun()
    const parent = await temporaryFolder()
    const folder = join(parent, 'recording')
    await builder.write(folder)
    await cp(folder, join(parent, 'copy'), { recursive: true })
    const broken = {
      read: (): never => {
        throw new RepriseError('artifact_missing', 'no blob sha256:00')
      },
    }
    const error = await failure(writeRecording(builder.records, builder.rootSpanId, broken, folder, { force: true }))
    expect(error.code).toBe('artifact_missing')
    expect(error.message).toContain('run answer')
    expect((await readdir(parent)).sort()).toEqual(['copy', 'recording'])
    await loadRecording(folder)
  })

  it('refuses a run whose steps were redacted under two policies', async () => {
    const builder = smallRun()
    builder.step(builder.rootSpanId, { kind: 'tool', name: 'x', policy: { id: 'default', version: '0', digest: digestOf('other') } })
    expect((await failure(builder.write())).code).toBe('invalid_argument')
  })

  it('gives a step below a foreign span the lineage it has without it', async () => {
    const plain = new RecordingBuilder()
    const root = plain.step(undefined, { kind: 'run', name: 'answer' })
    plain.step(root, { kind: 'tool', name: 'look', args: [1] })
    const nested = new RecordingBuilder()
    const nestedRoot = nested.step(undefined, { kind: 'run', name: 'answer' })
    const http = nested.step(nestedRoot, { kind: 'custom', name: 'POST /', fidelity: 'observed' })
    nested.step(http, { kind: 'tool', name: 'look', args: [1] })
    const lineageOf = (steps: readonly RecordedStep[]): string | undefined => steps.find(({ core }) => core.stepName === 'look')?.lineage
    expect(lineageOf((await nested.load()).steps)).toBe(lineageOf((await plain.load()).steps))
  })
})

function source(builder: RecordingBuilder): { read(digest: `sha256:${string}`): Uint8Array } {
  return { read: (digest) => builder.blobs.get(digest) ?? new Uint8Array() }
}

describe('a recording of many steps, which is checked more quickly', () => {
  const STEPS = 320
  const longRun = (): RecordingBuilder => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', args: [], output: 'done', end: 5000 })
    for (let index = 1; index < STEPS; index++)
      builder.step(root, { kind: 'model', name: 'chat', args: [{ z: index, a: 'é"\n' }], output: { text: `answer ${index}` } })
    return builder
  }

  it('is refused for what one of few steps is refused for, in the same words', async () => {
    const builder = longRun()
    const { folder } = await builder.write()
    expect((await loadRecording(folder)).steps.map(({ core, refs }) => ({ core, refs }))).toEqual(builder.records)
    const steps = await readFile(join(folder, 'steps.jsonl'), 'utf8')
    const refused = async (change: (text: string) => string): Promise<string> => {
      await rewriteSteps(folder, change)
      const { code, message } = await failure(loadRecording(folder))
      await rewriteSteps(folder, () => steps)
      return `${code} ${message}`
    }
    const atLine9 = (from: string, to: string) => (text: string) =>
      text
        .split('\n')
        .map((line, index) => (index === 8 ? line.replace(from, to) : line))
        .join('\n')
    expect(await refused(atLine9('"kind":"model"', '"kind":"muddle"'))).toMatch(/^invalid_recording steps.jsonl line 9: \/core\/kind: /)
    expect(await refused(atLine9('"occurrence":0', '"occurrence":0,"other":1'))).toMatch(
      /^invalid_recording steps.jsonl line 9: \/: .*other/,
    )
    expect(await refused(atLine9('"occurrence":0', '"occurrence":1'))).toMatch(/^invalid_recording steps.jsonl line 9: the lineage/)
    await loadRecording(folder)
  })

  it('is refused with a manifest in other bytes', async () => {
    const { folder, manifest } = await longRun().write()
    const file = join(folder, 'recording.json')
    const text = await readFile(file, 'utf8')
    const { digest: first, sizeBytes, mediaType } = manifest.blobs[0]!
    const others = [
      text.replace('  "kind"', '   "kind"'),
      `${text}\n`,
      text.replace('"name": "answer"', '"name": "\\u0061nswer"'),
      text.replace(`"digest": "${first}",`, `"mediaType": ${JSON.stringify(mediaType)},\n      "digest": "${first}",`),
      text.replace(`"sizeBytes": ${sizeBytes}`, `"sizeBytes": ${sizeBytes + 1}`),
      text.replace(`"sizeBytes": ${sizeBytes}`, `"sizeBytes": ${sizeBytes}.0`),
      text.replace('"name": "answer"', '"name": "\\ud800"'),
    ]
    for (const other of others) {
      expect(other).not.toBe(text)
      await writeFile(file, other)
      expect(await failure(loadRecording(folder)), other.slice(0, 200)).toMatchObject({
        code: expect.stringMatching(/^(integrity|not_canonical)$/) as string,
      })
    }
  })

  it('is refused with members in another order, also where the digest was made to fit', async () => {
    const { folder } = await longRun().write()
    const file = join(folder, 'recording.json')
    const manifest = JSON.parse(await readFile(file, 'utf8')) as RecordingManifest
    const turned = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).reverse()) as T
    const reordered = [
      turned(manifest),
      { ...manifest, policy: turned(manifest.policy) },
      { ...manifest, blobs: manifest.blobs.map((blob, index) => (index === 1 ? turned(blob) : blob)) },
    ]
    for (const each of reordered) {
      const { digest: _, ...covered } = each
      for (const digest of [digestOf(JSON.stringify(covered)), manifestDigest(covered)]) {
        await writeFile(file, `${JSON.stringify({ ...each, digest }, null, 2)}\n`)
        expect(await failure(loadRecording(folder))).toMatchObject({ code: 'integrity', details: { file: 'recording.json' } })
      }
    }
  })
})
