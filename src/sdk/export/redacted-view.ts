import { deriveGenAiContent } from '../../adapters/dialects/index.ts'
import type { Redactor } from '../../redaction/index.ts'
import { ATTR, type Attributes, type AttributeValue, decodeValue, encodeValue, jsonTreeOf } from '../../schemas/index.ts'
import type { Step } from '../run/step.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { isWithheldAttribute, WITHHELD } from '../spool/limited.ts'
import { derivable, visibleAttributes } from './visible.ts'

/** A step as it may leave for a backend that redacts nothing: every string of it has passed the redactor. */
export class RedactedView {
  readonly spanAttributes: Attributes
  readonly exception: Attributes | undefined
  readonly errorMessage: string
  readonly #redactor: Redactor

  /** Throws when the redactor does: then nothing of the step's content may leave. */
  constructor(step: Step, redactor: Redactor) {
    this.#redactor = redactor
    const input = this.#payload(step.input)
    const output = this.#payload(step.output)
    const error = this.#payload(step.error)
    const visible = this.attributes(visibleAttributes(step))
    const content = this.attributes(deriveGenAiContent({ ...derivable(step), args: input, output }))
    this.spanAttributes = {
      ...this.attributes(recordOf(step)),
      ...visible,
      ...content,
      ...(Object.keys(content).length === 0 && rawContent(input, output)),
    }
    this.errorMessage = error instanceof Error ? error.message : error === undefined ? '' : String(error)
    this.exception = error === undefined ? undefined : exceptionOf(error, step.errorType)
  }

  text(text: string): string {
    return this.#redactor.redactText(text.toWellFormed()).value
  }

  attributes(attributes: Attributes): Attributes {
    const redacted: Record<string, AttributeValue> = {}
    for (const [key, value] of Object.entries(attributes)) {
      const isNumber = typeof value === 'number' || typeof value === 'boolean'
      redacted[key] = isWithheldAttribute(this.#redactor, key, isNumber) ? WITHHELD : this.#attribute(key, value)
    }
    return redacted
  }

  #attribute(key: string, value: AttributeValue): AttributeValue {
    if (typeof value === 'string') return this.#redactor.redactJson(value.toWellFormed(), key).value
    return Array.isArray(value) ? value.map((element: AttributeValue) => this.#attribute(key, element)) : value
  }

  /** The value as it was captured, redacted in the very form in which the collector would redact it. */
  #payload(snapshot: Snapshot | undefined): unknown {
    if (snapshot === undefined) return undefined
    const { mediaType, data } = encodeValue(snapshot.value)
    return decodeValue(mediaType, this.#redactor.redactPayload(mediaType, data).value)
  }
}

/** A step of which nothing but its place may be told: what the redactor could not clean is withheld. */
export function withheldAttributes(step: Step): Attributes {
  const { kind } = step.spec
  return {
    [ATTR.runId]: step.run.id,
    [ATTR.kind]: kind,
    [ATTR.operation]: step.operation,
    [ATTR.cuts]: '[{"what":"content","reason":"redaction_failed","count":1}]',
  }
}

function recordOf(step: Step): Attributes {
  return {
    [ATTR.runId]: step.run.id,
    [ATTR.kind]: step.spec.kind,
    [ATTR.operation]: step.operation,
    [ATTR.stepName]: step.spec.name,
    [ATTR.sequence]: step.sequence,
    ...(step.spec.effect !== undefined && { [ATTR.effect]: step.spec.effect }),
    ...(step.streamEnd !== undefined && { [ATTR.streamEnd]: step.streamEnd }),
  }
}

/** Kinds that the GenAI conventions have no content attributes for show their plain input and output. */
function rawContent(input: unknown, output: unknown): Attributes {
  return { ...(input !== undefined && { [ATTR.input]: jsonText(input) }), ...(output !== undefined && { [ATTR.output]: jsonText(output) }) }
}

function jsonText(value: unknown): string {
  return JSON.stringify(jsonTreeOf(value).tree).toWellFormed()
}

/** OpenTelemetry semantic conventions, "Exceptions on spans". */
function exceptionOf(error: unknown, type: string | undefined): Attributes {
  const message = error instanceof Error ? error.message : jsonText(error)
  const stack = error instanceof Error ? error.stack : undefined
  return {
    ...(type !== undefined && { 'exception.type': type }),
    'exception.message': message.toWellFormed(),
    ...(stack !== undefined && { 'exception.stacktrace': stack.toWellFormed() }),
  }
}
