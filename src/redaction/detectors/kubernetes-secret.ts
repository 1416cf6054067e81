import type { Detector, Stretch, TextView } from '../text-view.ts'

/** A manifest of secrets is hardly longer. */
const DOCUMENT_MAX = 16 * 1024
const BLOCK = /(?:^|\n)([ \t]{0,16})(?:data|stringData):[ \t]{0,4}\r?\n((?:\1[ \t]{1,8}[^\n]{0,8192}(?:\n|$)){1,200})/g
/** Documents that have been looked at: the next anchor in one has nothing to add. */
const seen = new WeakMap<TextView, number>()

/** The data of a manifest of `kind: Secret`, whatever their names: each value is one. Found at its kind, which may stand before or behind. */
export const detectKubernetesSecret: Detector = (view, anchorEnd, anchorLength): Stretch | undefined => {
  const { text } = view
  const at = anchorEnd - anchorLength
  const before = seen.get(view) ?? 0
  if (at < before) return undefined
  const mark = text.slice(Math.max(before, at - DOCUMENT_MAX), at).lastIndexOf('\n---')
  const from = Math.max(before, at - DOCUMENT_MAX) + Math.max(0, mark)
  const next = view.indexFrom('\n---', at)
  const to = Math.min(text.length, at + DOCUMENT_MAX, next < 0 ? text.length : next)
  seen.set(view, to)
  let start = -1
  let end = -1
  for (const match of text.slice(from, to).matchAll(BLOCK)) {
    const body = match[2] ?? ''
    // A manifest that has been redacted, or names nothing but templates, stays.
    const values = [...body.matchAll(/:[ \t]{1,4}(?:[|>][-+]?[ \t]{0,2}\r?\n[ \t]{1,16})?["']?(?!\[redacted\])([^\s"'<{$|>][^\s"']{3,})/g)]
    if (values.length === 0) continue
    const lead = /^[\s\S]*?:[ \t]{1,4}/.exec(body)?.[0].length ?? 0
    const bodyStart = from + match.index + match[0].length - body.length
    if (start < 0) start = bodyStart + lead
    end = bodyStart + body.trimEnd().length
  }
  return start < 0 ? undefined : { start, end }
}
