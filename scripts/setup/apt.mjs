import { run, which } from '../../packages/trainer/setup/run.mjs'

/** Whether this system's packages can be installed from here: Debian or Ubuntu, as root. */
export const hasApt = () => process.getuid?.() === 0 && which(['apt-get']) !== undefined

/** Installs packages of Debian. Returns why that was not possible (no network, no such package), or undefined: callers look for another source. */
export async function installFromApt(...args) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', ['update'], { env })
    await run('apt-get', ['install', '-y', ...args], { env })
    return undefined
  } catch (error) {
    return `not possible: ${error.message.split('\n').at(-1)}`
  }
}
