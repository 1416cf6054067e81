import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PUBLISHED_IN, redactionTable, withRedactionTable } from '../../bench/redaction/publish.ts'

describe('the published table of redaction', () => {
  it('is what is found now', { timeout: 240_000 }, () => {
    const table = redactionTable()
    for (const path of PUBLISHED_IN) {
      const page = readFileSync(path, 'utf8')
      expect(page, path).toBe(withRedactionTable(page, table))
    }
    const rows = [...table.matchAll(/^\| .* \| (\d+) \| (\d+) \| ([01]\.\d{3}) \| ([01]\.\d{3}) \|$/gm)]
    expect(rows.reduce((sum, [, , cases]) => sum + Number(cases), 0)).toBeGreaterThan(2000)
    for (const [row, , , recall, precision] of rows) {
      expect(Number(recall), row).toBeGreaterThanOrEqual(0.995)
      expect(Number(precision), row).toBeGreaterThanOrEqual(0.99)
    }
  })
})
