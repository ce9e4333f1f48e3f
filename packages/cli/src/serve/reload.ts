import type { FastifyInstance } from 'fastify'
import type { AppOptions } from './app'
import { refusal } from './errors'
import { failures } from './schemas'

const schema = {
  summary: 'Starts the processes of the server again, one after another, on the current model folder. Needs the key.',
  response: {
    200: { type: 'object', properties: { model: { type: 'string' }, modelHash: { type: 'string' } } },
    ...failures
  }
} as const

/** POST /reload, answered once every new connection meets the new model. Without a key any page could send it: then it is refused. */
export function addReload(app: FastifyInstance, { reload, apiKey }: Pick<AppOptions, 'reload' | 'apiKey'>): void {
  app.post('/reload', { schema }, async () => {
    if (apiKey === undefined)
      throw refusal(403, 'reload-refused', 'Only a server with --api-key takes /reload; or send its process SIGHUP.')
    if (!reload) throw refusal(501, 'reload-unavailable', 'Only a server with --processes can reload.')
    const answer = await reload()
    if (answer.outcome === 'under-way') throw refusal(409, 'reload-under-way', 'A reload is under way; try again.')
    if (answer.outcome === 'failed')
      throw refusal(500, 'reload-failed', `The new model cannot be served: ${answer.reason}`)
    const { model, modelHash } = answer
    return { model, modelHash }
  })
}
