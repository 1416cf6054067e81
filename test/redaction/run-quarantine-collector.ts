// A collector with a quarantine in a process of its own, for a test that kills it. Prints its URL.
import { startCollector } from '../../src/collector/index.ts'

const [store = '', quarantineKey = ''] = process.argv.slice(2)
const collector = await startCollector({ store, port: 0, quarantineKey, log: () => undefined })
console.log(collector.url)
