/** The model's folder, for `createMatcher({ model })`. */
export const model = new URL('./model/', import.meta.url)
