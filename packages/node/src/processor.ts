import { readFileSync } from 'node:fs'

/** The processor's instruction sets as Linux names them (`flags` or `Features` of /proc/cpuinfo); undefined on other systems. */
export function processorFlags(read: () => string = cpuinfo): ReadonlySet<string> | undefined {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(read())?.[1]
  return line === undefined ? undefined : new Set(line.trim().split(/\s+/))
}

/** What multiplies int8 numbers with sums in int32 (x86, Arm), and bfloat16 numbers with sums in float32. */
const INSTRUCTIONS = {
  int8: ['avx512_vnni', 'avx_vnni', 'amx_int8', 'asimddp', 'i8mm'],
  bfloat16: ['avx512_bf16', 'amx_bf16', 'bf16']
} as const

/** The instructions for products of a type that these flags have. */
export function productInstructions(type: keyof typeof INSTRUCTIONS, flags: ReadonlySet<string> | undefined): string[] {
  return INSTRUCTIONS[type].filter((name) => flags?.has(name))
}

/** The instructions that would make products of a type fast. */
export function wantedInstructions(type: keyof typeof INSTRUCTIONS): readonly string[] {
  return INSTRUCTIONS[type]
}

function cpuinfo(): string {
  return process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : ''
}
