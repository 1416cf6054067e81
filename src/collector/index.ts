export { type Collector, startCollector } from './collector.ts'
export type { CollectorStats, ForwardStats } from './counters.ts'
export type { CollectorOptions, ForwardTarget } from './options.ts'
export { type PrepareContext, type PreparedTraces, prepareTraces } from './pipeline/prepare.ts'
