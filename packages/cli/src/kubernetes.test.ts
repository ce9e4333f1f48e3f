import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Matcher } from '@sohu-match/sdk-node'
import { pythonWithKubernetesSchemas } from '@sohu-match/testing'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addServe } from './commands/serve'
import { createApp } from './serve/app'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const script = at('../tools/kubernetes-check.py')
const folder = at('../../../examples/kubernetes')
const VERSIONS = '1.37.0,1.32.0'
const python = await pythonWithKubernetesSchemas()

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}
interface Container extends Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', Probe> {
  readonly args: readonly string[]
  readonly ports: readonly { name: string; containerPort: number }[]
  readonly lifecycle: { preStop: { sleep: { seconds: number } } }
}
interface Deployment {
  readonly metadata: { name: string }
  readonly spec: {
    readonly selector: { matchLabels: object }
    readonly template: {
      readonly metadata: { labels: object; annotations: Record<string, string> }
      readonly spec: { terminationGracePeriodSeconds: number; containers: [Container] }
    }
  }
}
interface Service {
  readonly spec: { selector: object; ports: { targetPort: string }[] }
}
interface Scaler {
  readonly spec: { scaleTargetRef: { kind: string; name: string }; metrics: { pods: { metric: { name: string } } }[] }
}

// Only a machine without python3 leaves this out: the schemas are installed by the test itself, and without a network that fails.
describe.skipIf(python === undefined)('the Kubernetes manifests', () => {
  const manifests = (): [Deployment, Service, Scaler, { spec: { selector: { matchLabels: object } } }] => {
    const files = ['deployment', 'service', 'hpa', 'disruption-budget'].map((name) => join(folder, `${name}.yaml`))
    return JSON.parse(execFileSync(python!, [script, VERSIONS, ...files], { encoding: 'utf8' })) as never
  }

  it("match Kubernetes' own schemas, which refuse misspelled keys", () => {
    expect(manifests()).toHaveLength(4)
    const broken = join(mkdtempSync(join(tmpdir(), 'kubernetes-')), 'hpa.yaml')
    writeFileSync(broken, readFileSync(join(folder, 'hpa.yaml'), 'utf8').replace('averageValue', 'averageVaule'))
    const { status, stderr } = spawnSync(python!, [script, VERSIONS, broken], { encoding: 'utf8' })
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('averageVaule') })
  })

  it('fit each other, the server and its image', async () => {
    const [deployment, service, scaler, budget] = manifests()
    const { metadata, spec } = deployment.spec.template
    const [container] = spec.containers
    for (const labels of [
      deployment.spec.selector.matchLabels,
      service.spec.selector,
      budget.spec.selector.matchLabels
    ])
      expect(labels).toEqual(metadata.labels)
    expect(scaler.spec.scaleTargetRef).toMatchObject({ kind: 'Deployment', name: deployment.metadata.name })

    const app = await createApp({
      matcher: { info: { modelHash: '' }, health: () => ({ workers: 1, crashes: 0 }) } as Matcher<string>,
      version: '',
      host: '0.0.0.0',
      bodyLimit: 1,
      maxConnections: 1,
      maxPairs: 1,
      deadlineMs: 1,
      requestTimeoutMs: 1_000,
      apiKey: 'probes have none'
    })
    const [port] = container.ports
    for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      expect(httpGet.port).toBe(port!.name)
      expect((await app.inject(httpGet.path)).statusCode).toBe(200)
    }
    const page = await app.inject({ url: '/metrics', headers: { authorization: 'Bearer probes have none' } })
    expect(page.body).toContain(`\n${scaler.spec.metrics[0]!.pods.metric.name} 0\n`)
    await app.close()

    const dockerfile = readFileSync(at('../../../examples/docker/Dockerfile'), 'utf8')
    expect(`EXPOSE ${port!.containerPort}`).toBe(/^EXPOSE .*$/m.exec(dockerfile)![0])
    expect(metadata.annotations['prometheus.io/port']).toBe(String(port!.containerPort))
    expect(service.spec.ports.map(({ targetPort }) => targetPort)).toEqual([port!.name])
  })

  it('pass existing flags to the server, and give it time to stop', () => {
    const [{ spec }] = manifests()
    const pod = spec.template.spec
    const program = new Command()
    addServe(program, '')
    const { options } = program.commands[0]!
    const known = new Map(options.map((option) => [option.long, option]))
    for (const flag of pod.containers[0].args.filter((word) => word.startsWith('--')))
      expect([...known.keys()]).toContain(flag)
    const deadline = Number(known.get('--deadline')!.defaultValue) / 1000
    const { seconds } = pod.containers[0].lifecycle.preStop.sleep
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(seconds + deadline + 1)
  })
})
