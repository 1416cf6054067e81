import { type WireAttribute, type WireResource, type WireScope, type WireValue, wireValueOf } from '../../otlp/index.ts'
import {
  type Attributes,
  type AttributeValue,
  type Digest,
  type LogRecord,
  MEDIA_TYPE,
  parseJson,
  type SpanRecord,
} from '../../schemas/index.ts'
import { pointerToken } from '../pipeline/canonical-text.ts'

/** The bytes of a payload, or undefined where it is not there any more. */
export type ReadPayload = (digest: Digest) => Uint8Array | undefined

/** Where a record comes from, as it is sent on. */
export interface RestoredOrigin {
  readonly resource: WireResource
  readonly resourceSchemaUrl: string
  readonly scope: WireScope
  readonly scopeSchemaUrl: string
}

export interface Content {
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** The record's payloads by role; `undefined` stands for one that is withheld, erased or missing. */
export class Contents {
  readonly #byRole = new Map<string, Content | undefined>()

  constructor(record: SpanRecord | LogRecord, read: ReadPayload) {
    const digests = new Map(record.refs.map((ref) => [ref.role, ref.digest]))
    for (const { role, mediaType } of record.core.payloads) {
      const digest = digests.get(role)
      const bytes = digest === undefined ? undefined : read(digest)
      this.#byRole.set(role, bytes === undefined ? undefined : { mediaType, bytes })
    }
  }

  get(role: string): Content | undefined {
    return this.#byRole.get(role)
  }

  /** What stands at a pointer: the payload if there is one, else what the record says. */
  text(role: string, inline: string | undefined): string {
    if (!this.#byRole.has(role)) return inline ?? ''
    const content = this.#byRole.get(role)
    return content === undefined ? '' : Buffer.from(content.bytes).toString('utf8')
  }

  /** `null` for one that is not there. */
  value(role: string): WireValue {
    const content = this.#byRole.get(role)
    return content === undefined ? null : wireValueOfContent(content)
  }

  origin({ resource, scope }: Pick<SpanRecord['core'], 'resource' | 'scope'>): RestoredOrigin {
    return {
      resource: {
        attributes: this.attributes('/resource/attributes', resource.attributes),
        droppedAttributes: resource.droppedAttributes ?? 0,
      },
      resourceSchemaUrl: this.text('/resource/schemaUrl', resource.schemaUrl),
      scope: {
        name: this.text('/scope/name', scope.name),
        version: this.text('/scope/version', scope.version),
        attributes: this.attributes('/scope/attributes', scope.attributes),
        droppedAttributes: scope.droppedAttributes ?? 0,
      },
      scopeSchemaUrl: this.text('/scope/schemaUrl', scope.schemaUrl),
    }
  }

  attributes(pointer: string, inline: Attributes | undefined): WireAttribute[] {
    const list: WireAttribute[] = []
    for (const [key, value] of Object.entries(inline ?? {})) {
      // Beside a payload of its own, what the record holds is only a mark that it was withheld.
      if (!this.#byRole.has(`${pointer}/${pointerToken(key)}`)) list.push([key, wireValueOf(value)])
    }
    // A resource or a scope that was too large for the record stands in one payload.
    const whole = this.#byRole.get(pointer)
    if (whole !== undefined) {
      const value = wireValueOfContent(whole)
      if (typeof value === 'object' && value !== null && 'kvlist' in value) list.push(...value.kvlist)
    }
    const prefix = `${pointer}/`
    for (const [role, content] of this.#byRole) {
      if (content === undefined || !role.startsWith(prefix)) continue
      list.push([role.slice(prefix.length).replaceAll('~1', '/').replaceAll('~0', '~'), wireValueOfContent(content)])
    }
    return list
  }
}

export function wireValueOfContent({ mediaType, bytes }: Content): WireValue {
  return mediaType === MEDIA_TYPE.attribute
    ? wireValueOf(parseJson(Buffer.from(bytes).toString('utf8')) as AttributeValue)
    : { utf8: bytes }
}
