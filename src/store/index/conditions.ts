export type Operand = string | number | bigint

/** SQL conditions that must all hold, with their operands. */
export class Conditions {
  readonly parts: string[] = []
  readonly operands: Operand[] = []

  add(condition: string, ...operands: readonly Operand[]): void {
    this.parts.push(condition)
    this.operands.push(...operands)
  }

  get sql(): string {
    return this.parts.length === 0 ? '1' : this.parts.join(' AND ')
  }
}
