import { hookFetch } from './hook-fetch.ts'

/** Puts our functions in the place of those that programs speak HTTP with, once. Outside of a run each does what the one before it did. */
export function installWireHooks(): void {
  if (Reflect.has(globalThis, INSTALLED)) return
  Object.defineProperty(globalThis, INSTALLED, { value: true, configurable: true, enumerable: false, writable: false })
  hookFetch()
}

const INSTALLED = Symbol.for('reprise.wire/1')
