import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execute } from './execute'
import { ROOT } from './packages'

/** Module resolutions of users' compilers. */
export const RESOLUTIONS = {
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
  node16: { module: 'node16', moduleResolution: 'node16' }
} as const
export type Resolution = keyof typeof RESOLUTIONS

/**
 * Compiles files in a fresh project as its user would, checking the libraries' declarations as well; returns the compiler's output, which is
 * empty without errors.
 * `platform` sets the globals: Node's, or a browser's without Node's.
 */
export async function typeCheck(
  project: string,
  folder: string,
  files: Readonly<Record<string, string>>,
  { resolution, platform, loose }: { resolution: Resolution; platform: 'node' | 'web'; loose?: boolean }
): Promise<string> {
  mkdirSync(join(project, folder), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, folder, name), text)
  const compilerOptions = {
    ...RESOLUTIONS[resolution],
    target: 'es2022',
    lib: platform === 'node' ? ['es2022'] : ['es2022', 'dom', 'dom.iterable'],
    types: platform === 'node' ? ['node'] : [],
    strict: !loose,
    allowJs: true,
    checkJs: true,
    jsx: 'preserve',
    skipLibCheck: false,
    noEmit: true
  }
  writeFileSync(join(project, folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }))
  const { stdout, stderr } = await execute(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(project, folder)],
    { cwd: project }
  )
  return stdout + stderr
}
