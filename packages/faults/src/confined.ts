import { spawnSync } from 'node:child_process'
import { start, type Running } from './process'

/** How this user may mount a file system that only one process sees: as root, as root of a namespace, or not at all. */
export function mountTool(): readonly string[] | undefined {
  return [
    ['unshare', '-m'],
    ['unshare', '-rm']
  ].find(
    ([tool, flag]) =>
      spawnSync(tool!, [flag!, 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' }).status === 0
  )
}

/** A disk of its own for one program. */
export interface SmallDisk {
  readonly tool: readonly string[]
  /** Where it is mounted: an empty folder. */
  readonly at: string
  /** A folder whose contents it holds at first. */
  readonly from: string
  /** Where its contents are copied in the end. */
  readonly to: string
  /** Bytes left free, or that nothing may be written at all. */
  readonly free: number | 'read-only'
}

/** In the namespace: a disk that holds the first contents and has `free` bytes left is filled up to that, then the program runs. */
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

/** Runs a Node script that may write no file longer than some blocks of 512 bytes. */
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
