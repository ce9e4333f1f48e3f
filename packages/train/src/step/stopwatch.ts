/** Wall-clock time, and that of all threads of the process on all processors. */
export interface Elapsed {
  readonly seconds: number
  readonly processorSeconds: number
}

/** Each call returns the time since the one before, the first since the stopwatch was made. */
export function stopwatch(): () => Elapsed {
  let [wall, processor] = [performance.now(), processorMicroseconds()]
  return () => {
    const [wallNow, processorNow] = [performance.now(), processorMicroseconds()]
    const elapsed = { seconds: (wallNow - wall) / 1e3, processorSeconds: (processorNow - processor) / 1e6 }
    ;[wall, processor] = [wallNow, processorNow]
    return elapsed
  }
}

function processorMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
