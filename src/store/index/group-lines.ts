/** Text is made of so many bytes at a time: small enough to be young when it dies. */
const PIECE_BYTES = 64 * 1024

/** The lines of one group, each as a part of some text: the group's bytes read as latin1, one character a byte. */
export class GroupLines {
  readonly group: number
  readonly count: number
  readonly #content: Buffer
  readonly #starts: readonly number[]
  #text = ''
  /** Lines of the group that the text holds, and which byte it begins with. */
  #first = 0
  #last = 0
  #offset = 0

  /** `starts` has the first byte of each line, and where the last one ends. */
  constructor(group: number, content: Buffer, starts: readonly number[]) {
    this.group = group
    this.count = starts.length - 1
    this.#content = content
    this.#starts = starts
  }

  /** Gives the text that holds a line, and where in it, without the line end. */
  take(line: number, read: (text: string, start: number, end: number) => void): void {
    if (line < this.#first || line >= this.#last) this.#decode(line)
    const starts = this.#starts
    read(this.#text, (starts[line] ?? 0) - this.#offset, (starts[line + 1] ?? 0) - 1 - this.#offset)
  }

  #decode(line: number): void {
    const starts = this.#starts
    const offset = starts[line] ?? 0
    let last = line + 1
    while (last < this.count && (starts[last + 1] ?? 0) - offset <= PIECE_BYTES) last++
    this.#text = this.#content.toString('latin1', offset, starts[last])
    this.#first = line
    this.#last = last
    this.#offset = offset
  }
}
