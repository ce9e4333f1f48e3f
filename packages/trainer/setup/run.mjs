import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { SetupError } from './say.mjs'

const TAIL = 2000 // characters of a failed command's output that are shown

/**
 * Runs a command to its end and returns its stdout. With `show`, it writes to this terminal instead (progress bars).
 * If it fails, throws SetupError with the end of its output, or with what `shorten` returns for it.
 */
export function run(command, args, { cwd, env, show = false, shorten = (text) => text.slice(-TAIL) } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe']
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio,
      shell: process.platform === 'win32' && !path.isAbsolute(command)
    })
    let output = ''
    let errors = ''
    child.stdout?.on('data', (chunk) => {
      output += chunk
    })
    child.stderr?.on('data', (chunk) => {
      errors += chunk
    })
    child.on('error', (cause) =>
      reject(new SetupError(`\`${command}\` could not be started: ${cause.message}.`, { cause }))
    )
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else
        reject(
          new SetupError(
            `\`${[path.basename(command), ...args].join(' ')}\` ended with ${signal ?? `code ${code}`}.\n${shorten(`${output}\n${errors}`).trim()}`
          )
        )
    })
  })
}

/** The absolute path of the first of `names`, which may be absolute, that is an executable file on `searchPath`, or undefined. */
export function which(names, searchPath = process.env.PATH ?? '') {
  for (const name of names) {
    if (path.isAbsolute(name) && isExecutable(name)) return name
    for (const folder of searchPath.split(path.delimiter)) {
      const file = path.join(folder, name)
      if (folder && isExecutable(file)) return file
    }
  }
  return undefined
}

/** Whether `file` is a file that this user may run. */
export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
