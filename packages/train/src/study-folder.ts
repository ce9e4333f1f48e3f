/** Next to src/ and dist/ alike: this file, and the bundle, are one level below the package. */
export const STUDIES = new URL('../studies/', import.meta.url)
