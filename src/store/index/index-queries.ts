import { type Digest, RepriseError, type RunSummary, type SpanRecord } from '../../schemas/index.ts'
import { PAGE_MAX } from '../limits.ts'
import type {
  ArtifactUse,
  ListLogsQuery,
  ListRunsQuery,
  ListStepsQuery,
  LogPage,
  MissingBatches,
  RunGaps,
  RunPage,
  StepConflict,
  StepPage,
} from '../types.ts'
import { readConflicts } from './conflict-queries.ts'
import { numberOf } from './database.ts'
import { listMissingBatches, readGaps } from './gap-queries.ts'
import { listLogs } from './log-queries.ts'
import type { QuerySource } from './query-source.ts'
import { findRunIds, listRuns, nearestRunIds, readRun } from './run-queries.ts'
import { EVERY_RUN } from './run-table.ts'
import { artifactRefs, findSteps, listSteps, readStep } from './step-queries.ts'

const ARTIFACT_REFS_MAX = 100

/** The queries, over whichever database stands behind. */
export abstract class IndexQueries {
  protected abstract source(): QuerySource
  /** Called with what a query threw, to say what the caller should see. */
  protected abstract failed(error: unknown): unknown

  #query<T>(read: (source: QuerySource) => T): T {
    try {
      return read(this.source())
    } catch (error) {
      // Text in a column that is no JSON, or no number: SQLite does not look into it.
      if (error instanceof SyntaxError)
        throw new RepriseError('integrity', `the index cannot be read: ${error.message}; \`reprise reindex\` makes it anew`, {
          cause: error,
        })
      throw this.failed(error)
    }
  }

  listRuns(query: ListRunsQuery): RunPage {
    return this.#query((source) => listRuns(source, query))
  }

  readRun(id: string, namespace?: string): RunSummary | undefined {
    return this.#query((source) => readRun(source, id, namespace))
  }

  findRunIds(prefix: string, limit: number): string[] {
    return this.#query((source) => findRunIds(source, prefix, limit))
  }

  nearestRunIds(id: string, limit: number): string[] {
    return this.#query((source) => nearestRunIds(source, id, limit))
  }

  listSteps(runId: string, query: ListStepsQuery): StepPage {
    return this.#query((source) => listSteps(source, runId, query))
  }

  readStep(runId: string, spanId: string, namespace?: string): SpanRecord | undefined {
    return this.#query((source) => readStep(source, runId, spanId, namespace))
  }

  findSteps(runId: string, prefix: string, limit: number, namespace?: string): SpanRecord[] {
    return this.#query((source) => findSteps(source, runId, prefix, limit, namespace))
  }

  listLogs(runId: string, query: ListLogsQuery): LogPage {
    return this.#query((source) => listLogs(source, runId, query))
  }

  readGaps(runId: string, namespace?: string): RunGaps {
    return this.#query((source) => readGaps(source, runId, namespace))
  }

  readConflicts(runId: string, namespace?: string): StepConflict[] {
    return this.#query((source) => readConflicts(source, runId, namespace))
  }

  listMissingBatches(limit: number): MissingBatches[] {
    return this.#query((source) => listMissingBatches(source, limit))
  }

  /** Every step of a run. */
  readSteps(runId: string, namespace?: string): SpanRecord[] {
    const steps: SpanRecord[] = []
    let cursor: string | undefined
    do {
      const page = this.listSteps(runId, {
        limit: PAGE_MAX,
        ...(cursor !== undefined && { cursor }),
        ...(namespace !== undefined && { namespace }),
      })
      steps.push(...page.steps)
      cursor = page.next
    } while (cursor !== undefined)
    return steps
  }

  artifactRefs(digest: Digest, limit: number = ARTIFACT_REFS_MAX): ArtifactUse[] {
    return this.#query((source) => artifactRefs(source, digest, limit))
  }

  readCounts(): { records: number; runs: number; gaps: number } {
    return this.#query(({ database }) => ({
      records: Number(database.meta('records') ?? 0),
      runs: numberOf(
        database.get('SELECT count(*) AS runs FROM run_words WHERE word = (SELECT id FROM names WHERE text = ?)', EVERY_RUN) ?? {},
        'runs',
      ),
      gaps: Number(database.meta('gaps') ?? 0),
    }))
  }
}
