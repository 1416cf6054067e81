import { createHash } from 'node:crypto'

/** The group digest as `docs/tape.md` words it, letter by letter. */
export function referenceGroupDigest(previous: Buffer, cores: readonly string[]): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(cores.length)
  const leaves = cores.map((core) =>
    createHash('sha256')
      .update(Buffer.from([0]))
      .update(core, 'utf8')
      .digest(),
  )
  return createHash('sha256').update('reprise.group/1\n', 'utf8').update(previous).update(count).update(Buffer.concat(leaves)).digest()
}
