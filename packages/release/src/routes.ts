import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { environment } from './execute'

/** Paths that `sohu-match serve` answers, from the packed command's /openapi.json. */
export async function serverRoutes(project: string): Promise<string[]> {
  const flags = ['serve', '--port', '0', '--model', 'node_modules/@sohu-match/model-zh/model']
  const server = spawn(process.execPath, [join(project, 'node_modules/.bin/sohu-match'), ...flags], {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe']
  })
  try {
    const address = await new Promise<string>((resolve, reject) => {
      let said = ''
      server.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const found = / at (http:\S+)/.exec(said)
        if (found) resolve(found[1]!)
      })
      server.on('exit', (code) => reject(new Error(`sohu-match serve ended with ${code}: ${said}`)))
    })
    const { paths } = (await (await fetch(`${address}/openapi.json`)).json()) as { paths: Record<string, unknown> }
    return [...Object.keys(paths), '/openapi.json']
  } finally {
    server.removeAllListeners('exit').kill()
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  }
}
