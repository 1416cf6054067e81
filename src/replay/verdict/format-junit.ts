import type { ReplayReport } from '../replay-all.ts'
import { formatVerdict, printable } from './format-verdict.ts'

/** One recording in a report for machines that read test results. */
export interface JUnitCase {
  readonly xml: string
  readonly result: 'passed' | 'failed' | 'error'
}

/**
 * A recording as a test case of JUnit's XML: passed when it replayed exactly, its streams cut elsewhere or not; failed with its
 * departures when it did not; in error when there is no verdict. Without times, so that the same replays give the same bytes.
 * @param folder as it is to be shown
 */
export function junitCase({ name, outcome }: ReplayReport, folder: string): JUnitCase {
  const open = `    <testcase classname="${xmlText(folder)}" name="${xmlText(name === '' ? folder : name)}"`
  if (outcome instanceof Error) {
    const message = xmlText(outcome.message)
    return { xml: `${open}>\n      <error type="${xmlText(outcome.name)}" message="${message}"/>\n    </testcase>`, result: 'error' }
  }
  if (outcome.label === 'exact' || outcome.label === 'cached') return { xml: `${open}/>`, result: 'passed' }
  const [first] = outcome.divergences
  const message = xmlText(first?.message ?? `${outcome.label}: output ${outcome.output.equal ? 'equal' : 'differs'}`)
  const text = formatVerdict(outcome).split('\n').map(xmlText).join('\n')
  return {
    xml: `${open}>\n      <failure type="${outcome.label}" message="${message}">${text}</failure>\n    </testcase>`,
    result: 'failed',
  }
}

/** The report of all of them. */
export function formatJUnit(cases: readonly JUnitCase[]): string {
  const failures = cases.filter(({ result }) => result === 'failed').length
  const errors = cases.filter(({ result }) => result === 'error').length
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}"`
  const body = cases.map(({ xml }) => xml).join('\n')
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="reprise replay" ${counts}>\n${body}\n  </testsuite>\n</testsuites>\n`
}

/** For an attribute or for text; what XML 1.0 (section 2.2) has no way to write is made visible. */
function xmlText(text: string): string {
  return printable(text.toWellFormed())
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
