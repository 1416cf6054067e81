import { afterEach, describe, expect, test, vi } from 'vitest'
import { ERROR_CODES, RepriseError } from '../../src/schemas/index.ts'

afterEach(() => vi.resetModules())

describe('RepriseError', () => {
  test('carries code, cause, details and whether to try again', () => {
    const cause = new Error('disk')
    const error = new RepriseError('store_write_failed', 'cannot write', { cause, details: { path: 'x' } })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'RepriseError',
      code: 'store_write_failed',
      message: 'cannot write',
      cause,
      retryable: false,
      details: { path: 'x' },
    })
    expect(String(error)).toBe('RepriseError: cannot write')
    expect(error.stack).toMatch(/^RepriseError: cannot write\n/)
  })

  test('has no cause and no details when none were given', () => {
    const error = new RepriseError('usage', 'wrong')
    expect(Object.hasOwn(error, 'cause')).toBe(false)
    expect(Object.hasOwn(error, 'details')).toBe(false)
    expect(Object.hasOwn(new RepriseError('usage', 'wrong', { cause: undefined }), 'cause')).toBe(true)
  })

  test('says by code whether to try again, unless told', () => {
    expect(new RepriseError('collector_unreachable', '').retryable).toBe(true)
    expect(new RepriseError('invalid_option', '').retryable).toBe(false)
    expect(new RepriseError('collector_unreachable', '', { retryable: false }).retryable).toBe(false)
    expect(new RepriseError('port_in_use', '', { retryable: true }).retryable).toBe(true)
  })

  test('the codes are distinct', () => {
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length)
  })

  test('is known across two copies of the package', async () => {
    vi.resetModules()
    const other = await import('../../src/schemas/errors.ts')
    expect(other.RepriseError).not.toBe(RepriseError)
    const theirs = new other.RepriseError('integrity', 'flipped')
    expect(theirs).not.toBeInstanceOf(RepriseError)
    expect(RepriseError.isInstance(theirs)).toBe(true)
    expect(other.RepriseError.isInstance(new RepriseError('usage', ''))).toBe(true)
  })

  test.each([[new Error('x')], [{ code: 'integrity', message: 'x' }], [null], [undefined], ['integrity'], [() => 1]])(
    '%o is not one',
    (value) => {
      expect(RepriseError.isInstance(value)).toBe(false)
    },
  )

  test('its marker does not show', () => {
    expect(Reflect.ownKeys({ ...new RepriseError('usage', 'x') })).toEqual(['code', 'retryable'])
  })
})
