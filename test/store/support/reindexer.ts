// Makes the index of a store anew, over and over, until it is killed: node reindexer.ts DIR alone|two (threads)
import { layoutOf } from '../../../src/store/files/layout.ts'
import { FollowingIndex } from '../../../src/store/index/store-index.ts'
import { Tape } from '../../../src/store/tape/tape.ts'

const [dir = '', threads] = process.argv.slice(2)
const layout = layoutOf(dir)
const tape = new Tape(layout)
tape.setHead(tape.head())
const index = new FollowingIndex(layout.index, tape, { scanAheadMinBytes: threads === 'two' ? 0 : Number.POSITIVE_INFINITY })
for (;;) {
  process.stdout.write('anew\n')
  await index.reindex()
}
