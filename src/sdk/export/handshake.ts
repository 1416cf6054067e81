import { TextDecoder } from 'node:util'
import { reasonOf } from './reprise-way.ts'
import type { Transport } from './transport.ts'

/** Long enough for any collector that is there, short enough for a script that only wants to end. */
const HANDSHAKE_TIMEOUT_MILLIS = 2000

export type Greeting = { readonly speaks: 'reprise' | 'otlp' } | { readonly speaks: 'nothing'; readonly reason: string }

/** Asks who is at the endpoint: whoever answers, but not as a Reprise collector, is taken for an OTLP backend. */
export async function greet(transport: Transport, timeoutMillis: number, signal: AbortSignal): Promise<Greeting> {
  try {
    const reply = await transport.get('/api/v1/version', Math.min(timeoutMillis, HANDSHAKE_TIMEOUT_MILLIS), signal)
    return { speaks: reply.status === 200 && isReprise(reply.body) ? 'reprise' : 'otlp' }
  } catch (error) {
    return { speaks: 'nothing', reason: reasonOf(error) }
  }
}

function isReprise(body: Uint8Array): boolean {
  try {
    const version: unknown = JSON.parse(new TextDecoder().decode(body))
    return typeof version === 'object' && version !== null && 'name' in version && version.name === 'reprise'
  } catch {
    return false
  }
}
