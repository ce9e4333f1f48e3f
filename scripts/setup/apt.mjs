import { run, which } from '../../packages/trainer/setup/run.mjs'

/** Whether system packages can be installed: on Debian or Ubuntu, as root. */
export const hasApt = () => process.getuid?.() === 0 && which(['apt-get']) !== undefined

/** Installs Debian packages. Returns the reason if that fails (no network, no such package), so that callers can try another source. */
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
