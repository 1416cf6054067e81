// A collector in a process of its own, for tests that attack it. Prints where it listens; after a line on stdin what it counted.
import { createInterface } from 'node:readline'
import { startCollector } from '../../src/collector/index.ts'

const [store = '', options = '{}'] = process.argv.slice(2)
const collector = await startCollector({ store, port: 0, grpcPort: 0, ...JSON.parse(options), log: () => undefined })
console.log(JSON.stringify({ url: collector.url, grpcPort: collector.grpcPort }))
for await (const _line of createInterface(process.stdin)) console.log(JSON.stringify(collector.stats()))
