export { type Collector, startCollector } from './collector.ts'
export type { CollectorOptions, ForwardTarget } from './options.ts'
export type { CollectorStats, ForwardStats } from './counters.ts'
export { type PreparedTraces, prepareTraces, type PrepareContext } from './pipeline/prepare.ts'
