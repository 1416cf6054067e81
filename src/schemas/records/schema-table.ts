import { z } from 'zod'
import { artifactRefSchema } from './artifact.ts'
import { attributeValueSchema } from './common.ts'
import { gapRecordSchema } from './gap.ts'
import { logRecordSchema } from './log.ts'
import { recordedStepSchema, recordingSchema } from './recording.ts'
import { runSummarySchema } from './run-summary.ts'
import { spanRecordSchema } from './span.ts'
import { verdictSchema } from './verdict.ts'

export interface SchemaRow {
  /** What a record says in its `schema` field. */
  readonly id: `reprise.${string}/${number}`
  readonly name: string
  /** Goes up when a reader of the old version could misread the new one. */
  readonly version: number
  readonly schema: z.ZodType
  readonly doc: string
}

/** Every published kind of record, each with its validator. `schemas/<name>.v<version>.json` is emitted from this table. */
export const SCHEMAS: readonly SchemaRow[] = [
  {
    id: 'reprise.span/1',
    name: 'span',
    version: 1,
    schema: spanRecordSchema,
    doc: 'One step of a run: a line of the tape. Hashes cover `core` alone.',
  },
  {
    id: 'reprise.log/1',
    name: 'log',
    version: 1,
    schema: logRecordSchema,
    doc: 'A log record or an event: a line of the tape. Hashes cover `core` alone.',
  },
  {
    id: 'reprise.gap/1',
    name: 'gap',
    version: 1,
    schema: gapRecordSchema,
    doc: 'Something that is known to be missing: a line of the tape.',
  },
  {
    id: 'reprise.artifact/1',
    name: 'artifact',
    version: 1,
    schema: artifactRefSchema,
    doc: 'A reference to stored bytes by their sha256.',
  },
  {
    id: 'reprise.run-summary/1',
    name: 'run-summary',
    version: 1,
    schema: runSummarySchema,
    doc: 'What lists show of a run.',
  },
  {
    id: 'reprise.recording/1',
    name: 'recording',
    version: 1,
    schema: recordingSchema,
    doc: 'recording.json: the manifest of a recording directory.',
  },
  {
    id: 'reprise.recorded-step/1',
    name: 'recorded-step',
    version: 1,
    schema: recordedStepSchema,
    doc: 'A line of steps.jsonl: a span record with its lineage.',
  },
  {
    id: 'reprise.verdict/1',
    name: 'verdict',
    version: 1,
    schema: verdictSchema,
    doc: 'What a replay found.',
  },
]

type JsonSchema = Record<string, unknown>

/** The row as JSON Schema 2020-12. */
export function jsonSchemaOf(row: SchemaRow): JsonSchema {
  const named = z.registry<{ id: string }>()
  named.add(attributeValueSchema, { id: 'attributeValue' })
  const { $schema, ...body } = z.toJSONSchema(row.schema, {
    target: 'draft-2020-12',
    metadata: named,
    override: ({ jsonSchema }) => {
      // Not a format of JSON Schema; the pattern beside it says the same.
      if (jsonSchema.format === 'starts_with') delete jsonSchema.format
      // Keys of JSON are strings anyway.
      if (JSON.stringify(jsonSchema.propertyNames) === '{"type":"string"}') delete jsonSchema.propertyNames
    },
  })
  return { $schema, $id: `urn:reprise:schema:${row.name}:${row.version}`, title: row.id, description: row.doc, ...body }
}
