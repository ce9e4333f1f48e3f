import { USED, bytesAt, type Damage, type Patient } from './model-files'

/** Replaces the bytes of one of the files that a matcher reads with `change` of a copy. */
function changing(name: string, change: (bytes: Buffer, patient: Patient) => { bytes: Buffer; what: string }): Damage {
  return {
    name,
    codes: ['asset-corrupt'],
    apply(patient) {
      const path = patient.random.pick(USED)
      const { bytes, what } = change(Buffer.from(bytesAt(patient.files, path)), patient)
      if (bytes.equals(bytesAt(patient.files, path))) bytes[0]! ^= 0xff
      patient.files.set(path, bytes)
      return `${path}, ${what}`
    }
  }
}

/** Damage by disks, cables and incomplete copies: the manifest is right, the files are not. */
export const BYTE_DAMAGES: readonly Damage[] = [
  changing('a flipped bit', (bytes, { random }) => {
    const at = random.below(bytes.length)
    const bit = random.below(8)
    bytes[at]! ^= 1 << bit
    return { bytes, what: `bit ${bit} of byte ${at}` }
  }),
  changing('many flipped bytes', (bytes, { random }) => {
    const count = 1 + random.below(1000)
    for (let i = 0; i < count; i++) bytes[random.below(bytes.length)]! ^= 1 + random.below(255)
    return { bytes, what: `${count} of them` }
  }),
  changing('a truncation', (bytes, { random }) => {
    const length = random.chance(0.2) ? 0 : random.below(bytes.length)
    return { bytes: Buffer.concat([bytes.subarray(0, length)]), what: `${length} of ${bytes.length} bytes` }
  }),
  changing('bytes added', (bytes, { random }) => {
    const count = 1 + random.below(10_000)
    return { bytes: Buffer.concat([bytes, Buffer.alloc(count, random.below(256))]), what: `${count} more` }
  }),
  changing('a page of zeros', (bytes, { random }) => {
    const at = random.below(bytes.length)
    return { bytes: bytes.fill(0, at, Math.min(at + 4096, bytes.length)), what: `from byte ${at}` }
  }),
  changing('other contents of the same length', (bytes, { random }) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256)
    return { bytes, what: `${bytes.length} random bytes` }
  }),
  changing('moved bytes', (bytes, { random }) => {
    const by = 1 + random.below(bytes.length - 1)
    return { bytes: Buffer.concat([bytes.subarray(by), bytes.subarray(0, by)]), what: `rotated by ${by}` }
  }),
  {
    name: 'swapped files',
    codes: ['asset-corrupt'],
    apply({ files, random }) {
      const one = random.pick(USED)
      const other = random.pick([...USED, 'onnx/model_q8.onnx'].filter((path) => path !== one))
      const held = bytesAt(files, one)
      files.set(one, bytesAt(files, other))
      files.set(other, held)
      return `${one} and ${other}`
    }
  },
  {
    name: 'a missing file',
    codes: ['asset-missing'],
    apply({ files, random }) {
      const path = random.pick([...USED, 'manifest.json'])
      files.delete(path)
      return path
    }
  },
  {
    name: 'no file at all',
    codes: ['asset-missing'],
    apply({ files }) {
      files.clear()
      return 'an empty folder'
    }
  },
  {
    name: 'something else than a file',
    codes: ['asset-missing', 'asset-corrupt', 'storage', 'network', 'manifest-invalid'],
    apply({ files, random }) {
      const path = random.pick([...USED, 'manifest.json'])
      const special = random.pick(
        path === 'manifest.json'
          ? (['folder', 'pipe', 'loop'] as const)
          : (['folder', 'pipe', 'zeros', 'loop'] as const)
      )
      files.set(path, special)
      return `${path} is a ${special}`
    }
  }
]
