import { createHash, randomBytes } from 'node:crypto'
import { createExplainer, createRedactorFor, type PolicyConfig } from '../../redaction/index.ts'
import { canonicalJson, type LogRecord, type PolicyRef, type RunSummary, type SpanRecord } from '../../schemas/index.ts'
import { loadDetectors } from '../../sdk/spool/index.ts'
import { openStore, type Store } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import { findRun } from '../find-run.ts'
import type { Settings } from '../settings.ts'
import { plain, plural, type Terminal, writeLine } from '../terminal.ts'
import { writeAll } from './redact-input.ts'
import { addTrial, isTrialEmpty, newTrial, type Trial, TrialWalk } from './redact-trial-walk.ts'

const PAGE = 500

/** What is tried: a step or a log record of the run. */
type Tried = { readonly record: SpanRecord; readonly what: 'step' } | { readonly record: LogRecord; readonly what: 'log' }

/** What a policy would change of what a run has kept, by step, place and rule. Reads alone: nothing is written. */
export async function tryPolicy(settings: Settings, terminal: Terminal, wanted: string, policy: PolicyConfig | undefined): Promise<number> {
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const run = findRun(store, wanted)
    const plugged = loadDetectors(policy)
    // A new key each time: what is counted does not depend on it.
    const redactor = createRedactorFor({ policy, plugged, key: randomBytes(32), namespace: run.namespace })
    const explainerOf = (kind: string) => createExplainer({ policy, plugged, namespace: run.namespace, kind })
    const walk = new TrialWalk(store.blobs, redactor, explainerOf)
    const total = newTrial()
    const under = new Map<string, PolicyRef>()
    const shared = new Set<string>()
    let steps = 0
    let logs = 0
    for (const tried of recordsOf(store, run)) {
      const { core } = tried.record
      if (tried.what === 'step') steps++
      else logs++
      under.set(core.policy.digest, core.policy)
      // Resource and scope stand in every record beneath them: told of once.
      const about = createHash('sha256')
        .update(canonicalJson([core.resource, core.scope]))
        .digest('base64')
      const isFirst = !shared.has(about)
      shared.add(about)
      const places = tried.what === 'step' ? walk.step(tried.record, isFirst) : walk.log(tried.record, isFirst)
      for (const [place, trial] of places) {
        addTrial(total, trial)
        if (isTrialEmpty(trial)) continue
        const spanId = core.spanId
        const name = tried.what === 'step' ? tried.record.core.stepName : (tried.record.core.eventName ?? 'log record')
        if (settings.json)
          await writeAll(
            terminal.stdout,
            `${JSON.stringify({ schema: 'reprise.redaction-trial-place/1', ...(spanId !== undefined && { spanId }), name, place, ...trial })}\n`,
          )
        else await writeAll(terminal.stdout, `${plain(`${spanId ?? '-'.repeat(16)}  ${name}  ${place}`)}  ${plain(textOf(trial))}\n`)
      }
    }
    const recordedUnder = [...under.values()]
    if (settings.json)
      writeLine(
        terminal.stdout,
        JSON.stringify({ schema: 'reprise.redaction-trial/1', run: run.id, policy: redactor.policy, recordedUnder, steps, logs, ...total }),
      )
    else {
      const names = recordedUnder.map(({ id, version }) => `${id}/${version}`).join(', ')
      const { id, version } = redactor.policy
      writeLine(
        terminal.stdout,
        `run ${run.id}, recorded under ${names}, tried with ${id}/${version}: ${isTrialEmpty(total) ? 'no change' : textOf(total)}`,
      )
      if (!settings.quiet) {
        writeLine(terminal.stderr, `${plural(steps, 'step')} and ${plural(logs, 'log record')} read, nothing written${unreadOf(total)}`)
      }
    }
    return EXIT.ok
  } finally {
    await store.close()
  }
}

function* recordsOf(store: Store, run: RunSummary): Generator<Tried> {
  const { namespace } = run
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = store.index.listSteps(run.id, { limit: PAGE, namespace, ...(cursor !== undefined && { cursor }) })
    for (const record of page.steps) yield { record, what: 'step' }
    cursor = page.next
  }
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = store.index.listLogs(run.id, { limit: PAGE, namespace, ...(cursor !== undefined && { cursor }) })
    for (const record of page.logs) yield { record, what: 'log' }
    cursor = page.next
  }
}

function textOf({ newlyFound, noLongerFound, otherAction, leftOut, failed }: Trial): string {
  const listed = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([rule, count]) => `${rule} ${count}`)
      .join(', ')
  const parts = [
    Object.keys(newlyFound).length === 0 ? '' : `newly found: ${listed(newlyFound)}`,
    Object.keys(noLongerFound).length === 0 ? '' : `no longer found: ${listed(noLongerFound)}`,
    Object.keys(otherAction).length === 0 ? '' : `replaced otherwise: ${listed(otherAction)}`,
    leftOut === 0 ? '' : `left out: ${leftOut}`,
    failed === 0 ? '' : `withheld, since redaction fails: ${failed}`,
  ]
  return parts.filter((part) => part !== '').join(' · ')
}

function unreadOf({ unread }: Trial): string {
  const parts = Object.entries(unread).flatMap(([why, count]) => (count === 0 ? [] : [`${count} ${why}`]))
  return parts.length === 0 ? '' : `; payloads that are not there: ${parts.join(', ')}`
}
