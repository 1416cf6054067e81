// A collector in a process of its own, for tests that kill it. Prints its URL. HEADERS_TIMEOUT_MILLIS: how long it waits for headers.
import { startCollector } from '../../src/collector/index.ts'

const [store, ...forward] = process.argv.slice(2)
const millis = process.env['HEADERS_TIMEOUT_MILLIS']
const patience = millis === undefined ? {} : { headersTimeoutMillis: Number(millis) }
const collector = await startCollector({ store: store ?? '', port: 0, forward, ...patience })
console.log(collector.url)
