/** A line that is a JSON object: by itself, or as the data of an event. */
const LINE = /^(?:data:)?[ \t]{0,64}(\{[^\n]*\})[ \t\r]*$/gm

/** A cheap first look: does a text begin as an event stream does, or is it one object a line? */
export function looksLikeLines(text: string | Buffer): boolean {
  const first = typeof text === 'string' ? text.charCodeAt(0) : text[0]
  // `{`
  if (first === 0x7b) return text.indexOf('}\n{') > 0 || text.indexOf('}\r\n{') > 0
  // `data:`, `event:`, `id:`, `retry:`, `: a comment`
  if (first !== 0x64 && first !== 0x65 && first !== 0x69 && first !== 0x72 && first !== 0x3a) return false
  const head = typeof text === 'string' ? text.slice(0, 8) : text.toString('latin1', 0, 8)
  return /^(?:data|event|id|retry)?:/.test(head) && text.indexOf('\ndata:') > 0
}

/** The objects of a text's lines as one JSON list, and where what stands in the list stands in the text. */
export function listOfLines(text: string): { readonly list?: string; readonly toText: (index: number) => number } {
  const lines: string[] = []
  /** Where each line begins, in the list and in the text. */
  const inList: number[] = []
  const inText: number[] = []
  let length = 1
  for (const match of text.matchAll(LINE)) {
    const [, json = ''] = match
    lines.push(json)
    inList.push(length)
    inText.push(match.index + match[0].indexOf(json))
    length += json.length + 1
  }
  const toText = (index: number): number => {
    let low = 0
    let high = inList.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((inList[middle] as number) <= index) low = middle
      else high = middle - 1
    }
    return index - (inList[low] as number) + (inText[low] as number)
  }
  return lines.length < 2 ? { toText } : { list: `[${lines.join(',')}]`, toText }
}
