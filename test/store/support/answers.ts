import { digestOf } from '../../../src/schemas/public.ts'
import { openStore, type Store } from '../../../src/store/index.ts'

/** Everything that the index answers, as bytes. */
export function everyAnswer(store: Store): string {
  const answers: unknown[] = []
  for (const query of [
    {},
    { kind: 'run' },
    { status: 'error' },
    { status: 'running' },
    { nameContains: 'ANSW' },
    { fidelity: 'observed' as const },
    { namespace: 'other' },
    { model: 'model 1' },
    { tags: ['env'] },
    { stepText: 'STEP 4' },
    { costMin: 0.1 },
  ]) {
    let cursor: string | undefined
    do {
      const page = store.index.listRuns({ limit: 3, ...query, ...(cursor !== undefined && { cursor }) })
      answers.push(page)
      cursor = page.next
    } while (cursor !== undefined)
  }
  for (const { id, namespace } of store.index.listRuns({ limit: 1000 }).runs) {
    answers.push(
      store.index.readRun(id, namespace),
      store.index.readGaps(id, namespace),
      store.index.readConflicts(id, namespace),
      store.index.listLogs(id, { limit: 10 }),
    )
    let cursor: string | undefined
    do {
      const page = store.index.listSteps(id, { limit: 4, namespace, ...(cursor !== undefined && { cursor }) })
      answers.push(page)
      cursor = page.next
    } while (cursor !== undefined)
  }
  answers.push(
    store.index.findRunIds('', 1000),
    store.index.nearestRunIds('abcd', 10),
    store.index.artifactRefs(digestOf('"shared"')),
    store.readSummary().gaps,
  )
  return JSON.stringify(answers)
}

/** Of the store in a folder, as somebody who reads it gets them. */
export async function answersOf(dir: string): Promise<string> {
  const store = await openStore(dir, { mode: 'read' })
  try {
    return everyAnswer(store)
  } finally {
    await store.close()
  }
}
