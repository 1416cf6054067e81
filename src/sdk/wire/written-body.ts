import type { Writable } from 'node:stream'
import { KeptBytes } from './fetch-request.ts'

/**
 * Sees what the program writes into a request, and when it has written all. The request's own `write` and `end` do what they did.
 * @param onEnd called before the last part is sent
 */
export function watchWritten(request: Writable, maxBytes: number, onEnd: () => void): KeptBytes {
  const kept = new KeptBytes(maxBytes)
  const take = (chunk: unknown, encoding: unknown): void => {
    if (typeof chunk === 'string') kept.add(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'))
    else kept.add(chunk)
  }
  const { write, end } = request
  let ended = false
  shadow(request, 'write', (...args: unknown[]) => {
    take(args[0], args[1])
    return Reflect.apply(write, request, args)
  })
  shadow(request, 'end', (...args: unknown[]) => {
    if (!ended) {
      ended = true
      if (typeof args[0] !== 'function') take(args[0], args[1])
      onEnd()
    }
    return Reflect.apply(end, request, args)
  })
  return kept
}

/** Puts a method of its own on one object, in the place of that of its class. */
export function shadow(owner: object, name: string, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(owner, name, { value, configurable: true, writable: true, enumerable: false })
}
