/** The folder of the presets that ship with the package; this file lies as deep under it as the bundle does. */
export const PRESETS = new URL('../presets/', import.meta.url)
