import { flushCompileCache } from 'node:module'
import { startCollector } from 'reprise/collector'

// A collector that runs until it is killed: from the sources or, which starts faster, as it was built. Prints its URL.
const [, , store = '', workers] = process.argv
const collector = await startCollector({ store, port: 0, log: () => undefined, ...(workers !== undefined && { workers: Number(workers) }) })
process.stdout.write(`${collector.url}\n`)
// One that is killed writes no cache at its end.
flushCompileCache()
