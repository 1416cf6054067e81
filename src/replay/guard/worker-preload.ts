// The first thing that a thread of watched code runs: from here on it is watched as the code is that started it.
import { BroadcastChannel } from 'node:worker_threads'
import { RepriseError } from '../../schemas/index.ts'
import { holdGuards } from './guard.ts'
import { watchProcess } from './watch.ts'
import { ordersIn } from './worker-orders.ts'

const { channel: name, allow } = ordersIn(process.execArgv) ?? { channel: '', allow: [] }
const channel = new BroadcastChannel(name)
channel.unref()

holdGuards()
watchProcess({
  allow,
  denied(attempt) {
    channel.postMessage(attempt)
    return new RepriseError('replay_diverged', `${attempt.api} to ${attempt.target} was denied: a replay opens no socket`)
  },
})
