import { hostname } from 'node:os'
import { basename } from 'node:path'
import { type OptionValues, RepriseError, randomId32, resourceAttributesFromEnv } from '../../schemas/index.ts'
import { warnOnce } from '../recorder/warning.ts'
import { SDK_NAME, SDK_VERSION } from '../version.ts'

const instanceId = randomId32()

/** Who sends: the resource of every span. */
export function resourceAttributes(options: Pick<OptionValues, 'serviceName'>): Readonly<Record<string, string | number>> {
  let fromEnv: Readonly<Record<string, string>> = {}
  try {
    fromEnv = resourceAttributesFromEnv(process.env)
  } catch (error) {
    // OpenTelemetry asks to discard the variable and to say so.
    warnOnce(RepriseError.isInstance(error) ? error.message : 'resource attributes could not be read')
  }
  return {
    'service.name': options.serviceName ?? `unknown_service:${basename(process.execPath)}`,
    'service.instance.id': instanceId,
    'telemetry.sdk.name': SDK_NAME,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': SDK_VERSION,
    // With the process id, by which the collector of this machine can tell that the program is gone.
    'host.name': hostname(),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.version,
    ...fromEnv,
    ...(options.serviceName !== undefined && { 'service.name': options.serviceName }),
  }
}
