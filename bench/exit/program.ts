// One program of the exit bench: records so many steps, then ends in the way that is asked for. With `bare` nothing is recorded.
import { tool } from 'reprise'

const [ending = 'return', steps = '100', bare] = process.argv.slice(2)
const work = (input: object): object => ({ input })
const step = bare === 'bare' ? work : tool(work, { name: 'step' })
for (let index = 0; index < Number(steps); index++) step({ index, text: 'some words of a prompt '.repeat(20) })
// Whoever measures starts the clock here.
process.stdout.write('ends\n')
switch (ending) {
  case 'return':
    break
  case 'exitCode':
    process.exitCode = 3
    break
  case 'exit':
    process.exit(3)
    break
  case 'throw':
    throw new Error('the end')
  case 'rejection':
    void Promise.reject(new Error('the end'))
    break
  default:
    // A signal: it is sent from outside.
    setInterval(() => undefined, 1000)
}
