// What a program uses to be recorded, and the seam that replay answers its calls through.
import { installHooks } from './effects/index.ts'
import { installFetchHook } from './wire/install.ts'

export { type CapturedArguments, captureArguments, captureForComparison, captureValue } from './capture.ts'
export { type CurrentRun, currentRun, type OwnStepKind, type StepAttributes, type StepHandle } from './current-run.ts'
export type { DrainReport as FlushReport } from './export/drain.ts'
export {
  type InterceptedCall,
  type InterceptedOutcome,
  type Interception,
  type Interceptor,
  type RecordedInterception,
  runWithInterceptor,
} from './interceptor.ts'
export type { RecorderOptions } from './options.ts'
export { createRandom } from './random.ts'
export type { RecorderHandle } from './recorder-lifecycle.ts'
export { flush, startRecorder } from './recorder-lifecycle.ts'
export { type AnyFunction, ranInstrumented } from './wrap.ts'
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
  type ToolOptions,
  tool,
} from './wrappers.ts'

installHooks()
installFetchHook()
