import type { AddressInfo, Server } from 'node:net'
import { RepriseError } from '../schemas/index.ts'
import { describePortHolder } from './port-holder.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** The option that the port comes from, and its flag. */
  readonly key: 'port' | 'grpcPort'
  readonly flag: '--port' | '--grpc-port'
}

/**
 * Listens; gives the port, which the system chooses when 0 is asked for.
 * @throws RepriseError `port_in_use`, whose details name the option; `invalid_option`
 */
export async function listen(server: Server, options: ListenOptions): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: options.host.replace(/^\[|\]$/g, ''), port: options.port }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    throw await listenError(error, options)
  }
  const address = server.address() as AddressInfo
  return address.port
}

async function listenError(error: unknown, { host, port, key, flag }: ListenOptions): Promise<unknown> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'EADDRINUSE': {
      const holder = await describePortHolder(host, port)
      return new RepriseError(
        'port_in_use',
        `port ${port} on ${host} is taken${holder}; choose another with ${flag} (0 takes any free one)`,
        { cause: error, details: { key, port } },
      )
    }
    case 'EACCES':
      return new RepriseError(
        'invalid_option',
        `${key}: ${port} needs rights that this process lacks; choose one above 1023 with ${flag}`,
        {
          cause: error,
        },
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new RepriseError('invalid_option', `host: ${host} is no address of this machine`, { cause: error })
    default:
      return error
  }
}
