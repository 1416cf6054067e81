import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crcOfFew } from '../../src/store/frames/few-bytes-crc.ts'
import { BatchPacker } from '../../src/store/index.ts'

test('the sum of few bytes is that of node:zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(8), (bytes, from) => {
      const start = Math.min(from, bytes.length)
      expect(crcOfFew(bytes, start, bytes.length)).toBe(crc32(bytes.subarray(start)))
    }),
  )
})

const CORES = ['{"name":"chat"}', '{"name":"été 😀"}']
const REFS = ['', '{"digest":"sha256:00","role":"input"}', '{"digest":"sha256:00","role":"/attributes/ключ"}']

test.each(CORES.flatMap((core) => REFS.map((refs) => [core, refs] as const)))(
  'a line of %s and %s, and the hash of its core',
  (core, refs) => {
    const packer = new BatchPacker()
    packer.addRecord('{}', '')
    const bytes = packer.addRecord(core, refs)
    const { lines } = packer.finish()
    const line = `{"core":${core},"refs":[${refs}]}\n`
    expect(bytes).toBe(Buffer.byteLength(line))
    expect(Buffer.from(lines.bytes).toString()).toBe(`{"core":{},"refs":[]}\n${line}`)
    const hash = createHash('sha256').update('\0').update(core).digest('hex')
    expect(Buffer.from(lines.coreHashes.subarray(32)).toString('hex')).toBe(hash)
  },
)
