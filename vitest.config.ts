import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['reprise-source'] },
  ssr: { resolve: { conditions: ['reprise-source', 'node', 'import', 'default'] } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    execArgv: ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning'],
  },
})
