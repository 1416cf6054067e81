import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellWord } from '../../src/cli/shell-word.ts'

test('a shell reads it back as it is, and what needs no quotes has none', () => {
  for (const text of ['my stores/ø', "it's", '$HOME', '`id`', 'a"b', '*', '', '~/x', 'a\nb', '\\', '#x', 'a;b', '!x'])
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text)
  for (const text of ['./.reprise', '/var/lib/reprise', 'a_b-c.d=e:f,g@h+i%j']) expect(shellWord(text)).toBe(text)
})
