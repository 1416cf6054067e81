import { openStore } from '../../../src/store/index.ts'

// A process that holds a store for writing until it is killed.
const store = await openStore(process.argv[2] ?? '', { mode: 'write', startedBy: 'the holder' })
const core = `{"namespace":"local","reason":"test","count":1,"schema":"reprise.gap/1"}`
await store.append({ records: [{ core, line: `{"core":${core},"refs":[]}` }], blobs: [] })
process.send?.('open')
setInterval(() => undefined, 1000)
