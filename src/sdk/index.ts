// What a program uses to be recorded, and the seam that replay answers its calls through.
import './node-floor.ts'
import { installHooks } from './effects/index.ts'
import { noteClientSockets } from './wire/client-sockets.ts'
import { installFetchHook } from './wire/install.ts'

export type { Restore, ServedPart } from './calls/call-spec.ts'
export {
  type InterceptedCall,
  type InterceptedOutcome,
  type Interception,
  type Interceptor,
  type JsonOfValue,
  type RecordedInterception,
  runWithInterceptor,
} from './calls/interceptor.ts'
export { type AnyFunction, ranInstrumented } from './calls/wrap.ts'
export {
  agent,
  embedding,
  type InstrumentOptions,
  instrument,
  type ModelOptions,
  model,
  type NamedOptions,
  type RetrieverOptions,
  reranker,
  retriever,
  type ServedOptions,
  type ToolOptions,
  tool,
} from './calls/wrappers.ts'
export type { DrainReport as FlushReport } from './export/drain.ts'
export type { RecorderOptions } from './recorder/options.ts'
export type { RecorderHandle } from './recorder/recorder-lifecycle.ts'
export { flush, startRecorder } from './recorder/recorder-lifecycle.ts'
export { type CurrentRun, currentRun, type OwnStepKind, type StepAttributes, type StepHandle } from './run/current-run.ts'
export { createRandom } from './run/random.ts'
export { type CapturedArguments, captureArguments, captureForComparison, captureValue } from './snapshot/capture.ts'

installHooks()
installFetchHook()
noteClientSockets()
