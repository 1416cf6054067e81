// How an HTTP exchange is kept and read back, and the seam through which a replay answers one.
export { isClientSocket } from './client-sockets.ts'
export { type ServedResponse, servedExchange, type WireHead } from './exchange.ts'
export { installClientHooks } from './install.ts'
export { isWireAnswered, type ServedExchange, type WireInterceptor } from './served.ts'
export { sessionPrototype } from './session-to-nowhere.ts'
