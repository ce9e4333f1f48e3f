import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { makeProject, pack, shortModelPackage } from './fresh-project'
import { PUBLISHED, ROOT, manifestIn, type Published } from './packages'
import { nodes } from './runtimes'

declare module 'vitest' {
  interface ProvidedContext {
    /** Tarballs as npm would publish them. */
    readonly tarballs: Readonly<Record<Published, string>>
    /** A project outside the workspace that has all of them installed. */
    readonly project: string
    /** Paths of the versions of Node to test with. */
    readonly nodes: readonly string[]
  }
}

/** Packs the published packages and installs them once, outside the workspace, for all checks. */
export default function setUp({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'sohu-match-release-'))
  const packed = (name: Published): string =>
    name === 'model-zh' ? shortModelPackage(join(folder, name)) : join(ROOT, 'packages', name)
  const tarballs = Object.fromEntries(
    PUBLISHED.map((name) => [name, pack(packed(name), join(folder, 'tarballs'))])
  ) as Record<Published, string>
  const project = join(folder, 'app')
  const types = ['@types/node', '@types/react'].map(
    (name) => `${name}@${manifestIn(join(ROOT, 'node_modules', name)).version}`
  )
  makeProject(project, [...Object.values(tarballs), ...types], '--prefer-offline')
  provide('tarballs', tarballs)
  provide('project', project)
  provide('nodes', nodes())
  return () => rmSync(folder, { recursive: true, force: true })
}
