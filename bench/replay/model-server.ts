// Prints its address, and answers until it is ended.
import { startModelServer } from './exchanges.ts'

console.log((await startModelServer()).url)
