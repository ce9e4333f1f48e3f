import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { environment, execute } from './execute'
import { ROOT } from './packages'

const EXAMPLE = join(ROOT, 'examples/docker')
const dockerfile = readFileSync(join(EXAMPLE, 'Dockerfile'), 'utf8')

/** Arguments of every occurrence of an instruction. */
const instructions = (name: string): string[] =>
  [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map((found) => found[1]!)
const words = (name: string): string[] => JSON.parse(instructions(name)[0]!) as string[]

/** The Node of the image, if this machine has one. */
const version = /^node:(\d+)-/.exec(instructions('FROM')[0]!)![1]!
const node = inject('nodes').find((path) => path.includes(`node-${version}/`))

/** Without Docker: builds in the folder by hand, instruction by instruction, with the image's version of Node. */
it.runIf(node)(
  'the Dockerfile makes a server of the packed packages that becomes ready and stops in time',
  async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'sohu-match-docker-')), 'context')
    const model = join(inject('project'), 'node_modules/@sohu-match/model-zh/model')
    const context = await execute(process.execPath, [join(EXAMPLE, 'context.mjs'), model, folder], { cwd: ROOT })
    expect(context).toMatchObject({ status: 0, stdout: expect.stringContaining('docker compose up') })

    const variables = Object.fromEntries(
      instructions('ENV').flatMap((line) => line.split(' ').map((one) => one.split('=')))
    )
    const env = { ...environment, ...variables, PATH: `${dirname(node!)}:${environment.PATH}` } as NodeJS.ProcessEnv
    expect(instructions('COPY')).toEqual(['*.tgz ./', 'model model'])
    expect(await execute('sh', ['-ec', instructions('RUN').join('\n')], { cwd: folder, env })).toMatchObject({
      status: 0
    })

    const [program, ...flags] = [...words('ENTRYPOINT'), ...words('CMD'), '--port', '0']
    expect(program).toBe('node')
    const server = spawn(node!, flags, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(server, 'exit')
    let said = ''
    for (const stream of [server.stdout, server.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    while (!/ at http:\S+:\d+/.test(said)) {
      expect(server.exitCode, said).toBe(null)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const port = / at http:\S+:(\d+)/.exec(said)![1]!
    const [, probe, ...rest] = JSON.parse(/CMD (\[.*\])$/.exec(instructions('HEALTHCHECK')[0]!)![1]!) as string[]
    const script = [probe!, ...rest.map((part) => part.replace(':8080', `:${port}`))]
    expect(await execute(node!, script, { cwd: folder, env })).toMatchObject({ status: 0 })
    server.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(said).toMatch(/^\{.*"route":"\/ready","status":200/m) // the access log
    expect(await execute(node!, script, { cwd: folder, env })).toMatchObject({ status: 1 })
  }
)

it('gives the container the time to stop that docs/deploying.md requires', () => {
  const documented = /docker run --stop-timeout (\d+)/.exec(readFileSync(join(ROOT, 'docs/deploying.md'), 'utf8'))?.[1]
  const given = /stop_grace_period: (\d+)s/.exec(readFileSync(join(EXAMPLE, 'compose.yaml'), 'utf8'))?.[1]
  expect(given).toBe(documented)
  expect(Number(given)).toBeGreaterThan(11) // --deadline and a second
})
