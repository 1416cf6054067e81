import type { LogRecord, Payload, PayloadRef, SpanCore, SpanEvent, SpanRecord } from '../../schemas/index.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** One segment of a JSON pointer, as written. */
function pointerSegment(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/**
 * One step from two records of it: what stands, with the attributes, events and links that only the other one has. For
 * reading only; what is proved are the two records themselves.
 */
export function mergeRecords(standing: SpanRecord, other: SpanRecord): SpanRecord {
  const { core } = standing
  const added = new Payloads(standing, { payloads: other.core.payloads, refs: other.refs })

  const attributes: Record<string, SpanCore['attributes'][string]> = { ...core.attributes }
  for (const [key, value] of Object.entries(other.core.attributes)) {
    // A payload with that role is the same attribute, only larger.
    if (!Object.hasOwn(core.attributes, key) && !added.hasRole(`/attributes/${pointerSegment(key)}`)) define(attributes, key, value)
  }
  added.take((role) =>
    role.startsWith('/attributes/') && !Object.keys(core.attributes).some((key) => role === `/attributes/${pointerSegment(key)}`)
      ? role
      : undefined,
  )

  const events: SpanEvent[] = [...core.events]
  for (const [index, event] of other.core.events.entries()) {
    if (core.events.some(({ name, timeNanos }) => name === event.name && timeNanos === event.timeNanos)) continue
    const from = `/events/${index}/`
    const to = `/events/${events.length}/`
    events.push(event)
    added.take((role) => (role.startsWith(from) ? to + role.slice(from.length) : undefined))
  }

  const links = [...core.links]
  for (const link of other.core.links) {
    if (!core.links.some(({ traceId, spanId }) => traceId === link.traceId && spanId === link.spanId)) links.push(link)
  }

  const merged: Mutable<SpanCore> = { ...core, attributes, events, links, payloads: added.payloads }
  return { core: merged, refs: added.refs }
}

/**
 * A step with the content that log records of it carry and it does not: of the given roles, the first of each. For reading
 * only, as above.
 */
export function withLogContent(step: SpanRecord, logs: readonly LogRecord[], roles: ReadonlySet<string>): SpanRecord {
  const added = new Payloads(step, { payloads: [], refs: [] })
  const isFree = (role: string): boolean =>
    roles.has(role) && !Object.keys(step.core.attributes).some((key) => role === `/attributes/${pointerSegment(key)}`)
  for (const { core, refs } of logs) added.takeFrom({ payloads: core.payloads, refs }, (role) => (isFree(role) ? role : undefined))
  return { core: { ...step.core, payloads: added.payloads }, refs: added.refs }
}

/** A sender chooses attribute names, `__proto__` too. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

interface Content {
  readonly payloads: readonly Payload[]
  readonly refs: readonly PayloadRef[]
}

class Payloads {
  readonly payloads: Payload[]
  readonly refs: PayloadRef[]
  readonly #roles: Set<string>
  readonly #other: Content

  constructor(standing: SpanRecord, other: Content) {
    this.payloads = [...standing.core.payloads]
    this.refs = [...standing.refs]
    this.#roles = new Set(this.payloads.map(({ role }) => role))
    this.#other = other
  }

  hasRole(role: string): boolean {
    return this.#roles.has(role)
  }

  /** Adds the other record's payloads for which `roleFor` gives a role that is still free. */
  take(roleFor: (role: string) => string | undefined): void {
    this.takeFrom(this.#other, roleFor)
  }

  takeFrom(other: Content, roleFor: (role: string) => string | undefined): void {
    for (const payload of other.payloads) {
      const role = roleFor(payload.role)
      if (role === undefined || this.#roles.has(role)) continue
      this.#roles.add(role)
      this.payloads.push({ ...payload, role })
      for (const ref of other.refs) if (ref.role === payload.role) this.refs.push({ ...ref, role })
    }
  }
}
