// A collector in a process of its own, for tests that kill it. Prints its URL.
import { startCollector } from '../../src/collector/index.ts'

const [store, ...forward] = process.argv.slice(2)
const collector = await startCollector({ store: store ?? '', port: 0, forward })
console.log(collector.url)
