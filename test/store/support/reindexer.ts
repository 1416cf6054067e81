// Makes the index of a store anew, over and over, until it is killed: node reindexer.ts DIR
import { openStore } from '../../../src/store/index.ts'

const store = await openStore(process.argv[2] ?? '', { mode: 'write', startedBy: 'a test' })
for (;;) {
  process.stdout.write('anew\n')
  await store.reindex()
}
