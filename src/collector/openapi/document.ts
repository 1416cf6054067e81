import { z } from 'zod'
import {
  API_SCHEMAS,
  artifactRefSchema,
  attributeValueSchema,
  gapRecordSchema,
  logRecordSchema,
  runSummarySchema,
  spanRecordSchema,
} from '../../schemas/records/index.ts'
import { LIVE_PARAMETERS, LOG_PARAMETERS, type Parameters, REPEATS_MAX, RUN_PARAMETERS, STEP_PARAMETERS } from '../http/api-parameters.ts'

type Json = Record<string, unknown>

// Loads zod: imported when the document is asked for.

const COMPONENTS: Readonly<Record<string, z.ZodType>> = {
  ...API_SCHEMAS,
  RunSummary: runSummarySchema,
  Span: spanRecordSchema,
  Log: logRecordSchema,
  Gap: gapRecordSchema,
  Artifact: artifactRefSchema,
  AttributeValue: attributeValueSchema,
}

interface Route {
  readonly path: string
  readonly operation: string
  readonly summary: string
  readonly parameters?: Parameters
  readonly answer: keyof typeof COMPONENTS
  /** Beside 200 and, where there are parameters, 400. */
  readonly errors?: Readonly<Record<number, string>>
}

const NO_INDEX = { 503: 'The index is being made anew, or the disk has no room for one.' }
const RUN_MISSING = { 404: 'There is no such run; `nearest` names the likely ones.', ...NO_INDEX }

const ROUTES: readonly Route[] = [
  { path: '/healthz', operation: 'readHealth', summary: 'Whether the collector runs.', answer: 'Health' },
  {
    path: '/readyz',
    operation: 'readReadiness',
    summary: 'Whether it takes records and its index keeps up.',
    answer: 'Ready',
    errors: { 503: 'It does not; `problems` says why.' },
  },
  {
    path: '/api/v1/version',
    operation: 'readVersion',
    summary: 'Name, version, and on loopback the folder of the store.',
    answer: 'Version',
  },
  {
    path: '/api/v1/runs',
    operation: 'listRuns',
    summary: 'Runs, newest first.',
    parameters: RUN_PARAMETERS,
    answer: 'RunList',
    errors: NO_INDEX,
  },
  { path: '/api/v1/runs/{id}', operation: 'readRun', summary: 'One run.', answer: 'RunSummary', errors: RUN_MISSING },
  {
    path: '/api/v1/runs/{id}/steps',
    operation: 'listSteps',
    summary: 'The steps of a run in call order, those without a place in it after them by time.',
    parameters: STEP_PARAMETERS,
    answer: 'StepList',
    errors: RUN_MISSING,
  },
  {
    path: '/api/v1/runs/{id}/steps/{span}',
    operation: 'readStep',
    summary: 'One step in its latest state, merged where our SDK and another exporter both sent it.',
    answer: 'Span',
    errors: { 404: 'There is no such run, or no such step in it.', ...NO_INDEX },
  },
  {
    path: '/api/v1/runs/{id}/logs',
    operation: 'listLogs',
    summary: 'The log records of a run by time.',
    parameters: LOG_PARAMETERS,
    answer: 'LogList',
    errors: RUN_MISSING,
  },
  {
    path: '/api/v1/runs/{id}/gaps',
    operation: 'readGaps',
    summary: 'What is known to be missing of a run.',
    answer: 'RunGaps',
    errors: RUN_MISSING,
  },
  {
    path: '/api/v1/runs/{id}/conflicts',
    operation: 'readConflicts',
    summary: 'Records that say something else than the first one of their step.',
    answer: 'RunConflicts',
    errors: RUN_MISSING,
  },
]

const PATH_PARAMETERS: Readonly<Record<string, Json>> = {
  id: { schema: { type: 'string', pattern: '^[0-9a-f]{32}$' }, description: 'Id of the run.' },
  span: { schema: { type: 'string', pattern: '^[0-9a-f]{16}$' }, description: 'Span id of the step.' },
  digest: { schema: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' }, description: 'sha256 of the exact bytes.' },
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` }
}

function jsonAnswer(description: string, name: string): Json {
  return { description, content: { 'application/json': { schema: reference(name) } } }
}

function parametersOf(path: string, table: Parameters = {}): Json[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({ name, in: 'path', required: true, ...PATH_PARAMETERS[name] }))
  const inQuery = Object.entries(table).map(([name, { doc, schema, repeats }]) => ({
    name,
    in: 'query',
    description: doc,
    schema: repeats === true ? { type: 'array', items: schema, maxItems: REPEATS_MAX } : schema,
  }))
  return [...inPath, ...inQuery]
}

function operationOf(route: Route): Json {
  const parameters = parametersOf(route.path, route.parameters)
  const errors = { ...(parameters.length > 0 && { 400: 'A parameter is not acceptable; the message names it.' }), ...route.errors }
  return {
    operationId: route.operation,
    summary: route.summary,
    ...(parameters.length > 0 && { parameters }),
    responses: {
      200: jsonAnswer('OK', String(route.answer)),
      ...Object.fromEntries(
        Object.entries(errors).map(([status, text]) => [
          status,
          jsonAnswer(text, status === '503' && route.answer === 'Ready' ? 'Ready' : 'Error'),
        ]),
      ),
    },
  }
}

const ARTIFACT: Json = {
  operationId: 'readArtifact',
  summary: 'The exact bytes of an artifact, or a range of them.',
  parameters: [
    ...parametersOf('/{digest}'),
    { name: 'Range', in: 'header', schema: { type: 'string' }, description: 'One range of bytes, such as `bytes=0-1023`.' },
    {
      name: 'If-Range',
      in: 'header',
      schema: { type: 'string' },
      description: 'The entity tag, which is the digest in quotes: of any other the whole is sent.',
    },
    { name: 'If-None-Match', in: 'header', schema: { type: 'string' }, description: 'Entity tags of what is there already.' },
  ],
  responses: {
    200: { description: 'All bytes.', content: { '*/*': { schema: { type: 'string', format: 'binary' } } } },
    206: { description: 'The range.', content: { '*/*': { schema: { type: 'string', format: 'binary' } } } },
    304: { description: 'One of the tags in If-None-Match is its own.' },
    400: jsonAnswer('The digest is none.', 'Error'),
    404: jsonAnswer('There is no such artifact.', 'Error'),
    412: jsonAnswer('None of the tags in If-Match is its own.', 'Error'),
    416: jsonAnswer('There are no such bytes.', 'Error'),
  },
}

const LIVE: Json = {
  operationId: 'followLive',
  summary: 'Records as they become durable, as server-sent events: `step`, `log`, `gap` (LiveEvent) and `lagged` (LiveLagged).',
  parameters: [
    ...parametersOf('', LIVE_PARAMETERS),
    {
      name: 'Last-Event-ID',
      in: 'header',
      schema: { type: 'string' },
      description: 'Goes on after this event, as far as that is not too long ago.',
    },
  ],
  responses: {
    200: { description: 'An unending stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
    400: jsonAnswer('A parameter is not acceptable; the message names it.', 'Error'),
    503: jsonAnswer('There are too many readers already.', 'Error'),
  },
}

/** The OpenAPI 3.1 document of the HTTP API. The same for every collector of a version. */
export function openApiDocument(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(COMPONENTS)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, {
    target: 'draft-2020-12',
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => {
      // Not a format of JSON Schema; the pattern beside it says the same. Keys of JSON are strings anyway.
      if (jsonSchema.format === 'starts_with') delete jsonSchema.format
      if (JSON.stringify(jsonSchema.propertyNames) === '{"type":"string"}') delete jsonSchema.propertyNames
    },
  })
  const components = Object.fromEntries(Object.entries(schemas).map(([name, { $schema: _, $id: _id, ...schema }]) => [name, schema]))
  const paths = Object.fromEntries([
    ...ROUTES.map((route) => [route.path, { get: operationOf(route) }]),
    ['/api/v1/artifacts/{digest}', { get: ARTIFACT }],
    ['/api/v1/live', { get: LIVE }],
    [
      '/api/v1/openapi.json',
      {
        get: {
          operationId: 'readOpenApi',
          summary: 'This document.',
          responses: { 200: { description: 'OK', content: { 'application/json': { schema: { type: 'object' } } } } },
        },
      },
    ],
  ])
  return {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Reprise collector',
      version: '1',
      description: 'The read API of a collector. Nothing is changed by any of it; every answer is bounded.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:4318' }],
    paths,
    components: { schemas: components },
  }
}
