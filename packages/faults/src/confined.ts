import { spawnSync } from 'node:child_process'
import { start, type Running } from './process'

/** How this user can mount a file system that only one process sees: as root, as root of a namespace, or not at all. */
export function mountTool(): readonly string[] | undefined {
  return [
    ['unshare', '-m'],
    ['unshare', '-rm']
  ].find(
    ([tool, flag]) =>
      spawnSync(tool!, [flag!, 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' }).status === 0
  )
}

/** A disk for one program. */
export interface SmallDisk {
  readonly tool: readonly string[]
  /** The empty folder to mount it on. */
  readonly at: string
  /** A folder with its initial contents. */
  readonly from: string
  /** Where its contents are copied at the end. */
  readonly to: string
  /** Free bytes, or read-only. */
  readonly free: number | 'read-only'
}

/** In the namespace: fills the disk with the initial contents until `free` bytes are left, then runs the program. */
const SCRIPT = `
at=$1 from=$2 to=$3 free=$4; shift 4
mount -t tmpfs -o size=64m none "$at" && cp -a "$from"/. "$at" || exit 99
if [ "$free" = read-only ]; then mount -o remount,ro "$at" || exit 99
else used=$(du -s -B4096 "$at" | cut -f1); mount -o remount,size=$((used * 4096 + free)) "$at" || exit 99; fi
"$@"
code=$?
cp -a "$at"/. "$to"
exit $code`

/** Runs a Node script on a small disk. */
export function onSmallDisk({ tool, at, from, to, free }: SmallDisk, script: string, args: readonly string[]): Running {
  return start(tool[0]!, [
    ...tool.slice(1),
    'sh',
    '-c',
    SCRIPT,
    'sh',
    at,
    from,
    to,
    String(free),
    process.execPath,
    script,
    ...args
  ])
}

/** Runs a Node script whose files are limited to some blocks of 512 bytes. */
export function withFileLimit(blocks: number, script: string, args: readonly string[]): Running {
  return start('sh', [
    '-c',
    'trap "" XFSZ; ulimit -f "$0" && exec "$@"',
    String(blocks),
    process.execPath,
    script,
    ...args
  ])
}
