// No name is found and nothing is reached; who tries is written down.
const { appendFileSync } = require('node:fs')
const dns = require('node:dns')
const net = require('node:net')

function dead(what) {
  appendFileSync(process.env.ATTEMPTS, `${what}\n`)
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${what}`), { code: 'ENOTFOUND' })
}
dns.lookup = (name, ...rest) => process.nextTick(rest.at(-1), dead(`lookup ${name}`))
dns.promises.lookup = async (name) => {
  throw dead(`lookup ${name}`)
}
const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0]
  if (options?.path !== undefined) return connect.apply(this, args)
  return this.destroy(dead(`connect ${options?.host ?? ''}:${options?.port ?? options}`))
}
