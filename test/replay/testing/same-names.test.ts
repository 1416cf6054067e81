import { describe, expect, it } from 'vitest'
import { openSuite, recordingsOf, runVitest } from './vitest-suite.ts'

const CONFIG = `const source = '${new URL('../../../src/replay/testing/recordings-reporter.ts', import.meta.url).href}'
const { recordingsReporter } = await import(source)
export default {
  resolve: { conditions: ['reprise-source'] },
  ssr: { resolve: { conditions: ['reprise-source', 'node', 'import', 'default'] } },
  test: { server: { deps: { external: [/\\/src\\//] } }, include: ['*-program.ts'], reporters: ['default', recordingsReporter()], execArgv: ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning'] },
}
`

describe('tests of one name', () => {
  it('have a recording each, which none takes for another or for obsolete', async () => {
    const folder = await openSuite(new URL('same-names', import.meta.url), CONFIG, ['vitest'])
    const first = await runVitest(folder, {})
    expect(first.output).toContain(' Recordings  3 recorded\n')
    expect(first.code).toBe(0)
    expect(await recordingsOf(folder)).toHaveLength(3)
    const again = await runVitest(folder, {}, '-u')
    expect(again.output).not.toContain('removed')
    const told = await runVitest(folder, { CI: 'true' })
    expect(told.output).toContain(' Recordings  3 exact\n')
    expect(told.code).toBe(0)
  }, 60_000)
})
