import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { ROOT } from './packages'

/**
 * A folder inside the fresh project, where its packages are found, with the programs of `consumers/` installed by the first test file that
 * needs them; the others wait.
 */
export async function consumersFolder(): Promise<string> {
  const folder = join(inject('project'), 'consumers')
  const [installed, failed] = [join(folder, 'installed'), join(folder, 'failed')]
  if (mkdirSync(folder, { recursive: true }) === undefined) {
    while (!existsSync(installed)) {
      if (existsSync(failed)) throw new Error('Another test file could not install the programs of consumers/.')
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return folder
  }
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join(ROOT, 'packages/release/consumers', name), join(folder, name))
  const flags = ['--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  try {
    execFileSync('npm', ['ci', ...flags], { cwd: folder, stdio: 'inherit' })
  } catch (error) {
    writeFileSync(failed, '')
    throw error
  }
  writeFileSync(installed, '')
  return folder
}
