import { createRedactor, type Redactor } from '../../../src/redaction/index.ts'
import { cleanTraffic, type LabelledCase, labelledCases } from './set.ts'

export interface DetectorScore {
  readonly kind: LabelledCase['kind']
  found: number
  missed: LabelledCase[]
  /** Findings beside the one that was planted. */
  extra: number
}

export interface Score {
  readonly detectors: ReadonlyMap<string, DetectorScore>
  readonly falseAlarms: ReadonlyMap<string, { readonly bytes: number; readonly alarms: readonly string[] }>
}

const sum = (counts: Readonly<Record<string, number>> | undefined): number =>
  Object.values(counts ?? {}).reduce((total, count) => total + count, 0)

/** A case is found where nothing of the secret's value can be read any more, decoded or not. */
function isLeft({ text, secret, place, isJson }: LabelledCase, redacted: string): boolean {
  if (redacted === text) return true
  if (place === 'base64')
    return Buffer.from(/base64,([A-Za-z0-9+/=]+)/.exec(redacted)?.[1] ?? '', 'base64')
      .toString()
      .includes(secret)
  if (place === 'chunks')
    return (JSON.parse(redacted) as { delta: { content: string } }[])
      .map((chunk) => chunk.delta.content)
      .join('')
      .includes(secret)
  return redacted.includes(secret) || (isJson && redacted.includes(JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)))
}

export function scoreLabelledSet(
  perFormat: number,
  cleanBytesOfEach: number,
  redactor: Redactor = createRedactor({ key: new Uint8Array(32).fill(3) }),
): Score {
  const detectors = new Map<string, DetectorScore>()
  for (const labelled of labelledCases(perFormat)) {
    const score = detectors.get(labelled.detector) ?? { kind: labelled.kind, found: 0, missed: [], extra: 0 }
    detectors.set(labelled.detector, score)
    const { value, counts } = labelled.isJson ? redactor.redactJson(labelled.text) : redactor.redactText(labelled.text)
    if (isLeft(labelled, value)) score.missed.push(labelled)
    else score.found++
    score.extra += Math.max(0, sum(counts) - 1)
  }
  const falseAlarms = new Map<string, { bytes: number; alarms: string[] }>()
  for (const [kind, texts] of Object.entries(cleanTraffic(cleanBytesOfEach))) {
    const entry = { bytes: 0, alarms: [] as string[] }
    falseAlarms.set(kind, entry)
    for (const text of texts) {
      entry.bytes += Buffer.byteLength(text)
      const { counts } = text.startsWith('{') ? redactor.redactJson(text) : redactor.redactText(text)
      if (counts !== undefined) entry.alarms.push(`${Object.keys(counts).join()}: ${text}`)
    }
  }
  return { detectors, falseAlarms }
}
