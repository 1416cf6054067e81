import type { Context } from '@opentelemetry/api'
import type { Interceptor } from '../calls/interceptor.ts'
import type { Effects } from '../effects/effects.ts'
import type { RunState } from './run-state.ts'
import type { Step } from './step.ts'

/** What the async context carries: where in which run the program stands, and who answers its calls. */
export interface Scope {
  /** Defined under `runWithInterceptor`: nothing is recorded then. */
  readonly interceptor: Interceptor | undefined
  /** The interceptor's token for the innermost step. */
  readonly token: unknown
  /** The innermost recorded step. */
  readonly step: Step | undefined
  readonly run: RunState | undefined
  /** Where the code that runs here has time and chance from; undefined where they are the machine's and nobody's business. */
  readonly effects: Effects | undefined
  /** The @opentelemetry/api context that was set with this scope; undefined where no context manager was registered. */
  readonly otelContext: Context | undefined
}
