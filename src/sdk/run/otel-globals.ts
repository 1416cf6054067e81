import { type Context, type ContextManager, ROOT_CONTEXT, type TracerProvider } from '@opentelemetry/api'

// What every @opentelemetry/api 1.x registers under.
const API_KEY = Symbol.for('opentelemetry.js.api.1')

/**
 * What the program registered with @opentelemetry/api. Read here and not through our copy of it, which does not look at what an
 * earlier minor version registered: SDKs of the line 2.x bring 1.9, and the calls made here are those of 1.0.
 */
export interface OtelGlobals {
  readonly trace?: TracerProvider
  readonly context?: ContextManager
}

/** Undefined, as in most programs, where nothing is registered. */
export function otelGlobals(): OtelGlobals | undefined {
  const api = Reflect.get(globalThis, API_KEY) as OtelGlobals | undefined
  return api === undefined || (api.trace === undefined && api.context === undefined) ? undefined : api
}

export function activeContext(api: OtelGlobals | undefined): Context {
  return api?.context?.active() ?? ROOT_CONTEXT
}

/** Calls `fn` in that context, where the program has anything that carries contexts. */
export function withContext<T>(inner: Context, fn: () => T): T {
  const manager = otelGlobals()?.context
  return manager === undefined ? fn() : manager.with(inner, fn)
}
