import { staleNames } from '../effects/builtin-names.ts'
import { hookFetch } from './hook-fetch.ts'
import { hookHttp } from './hook-http.ts'
import { hookHttp2 } from './hook-http2.ts'
import { hookUndici } from './hook-undici.ts'

const CLIENTS = Symbol.for('reprise.wire.clients/1')

/**
 * Puts our function in the place of the global `fetch`: when this package is loaded, since clients take it when they are made; and before
 * a run whose exchanges are recorded or served, since a mock may stand there by then. Outside of a run, and where no exchange is recorded
 * or served, it does what the one before it did.
 */
export function installFetchHook(): void {
  hookFetch()
}

/**
 * The same for the other HTTP clients, where exchanges are recorded or served at all: loading node:http, node:http2 and undici takes longer than
 * loading all of this package. Sync the names afterwards.
 */
export function installClientHooks(): void {
  installFetchHook()
  // A copy of undici may have been loaded since.
  hookUndici()
  if (!isFirst(CLIENTS)) return
  hookHttp()
  hookHttp2()
  staleNames()
}

/** Of all loaded copies of this package. */
function isFirst(key: symbol): boolean {
  if (Reflect.has(globalThis, key)) return false
  Object.defineProperty(globalThis, key, { value: true, configurable: true, enumerable: false, writable: false })
  return true
}
