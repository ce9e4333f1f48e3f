/** The model's folder, for `createMatcher({ model })`. */
export declare const model: URL
